import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { HttpRegistry } from '../registry/http-registry.ts';
import { passwordText } from './choose-password.ts';
import { saidWhenLost } from './interrupted-request.ts';
import { writeLines } from './secret-lines.ts';
import type { LineFiles } from './secret-lines.ts';

/** What changes one's own way in. */
type OwnRegistry = Pick<HttpRegistry, 'self' | 'identity'>;

/** An authenticator’s key where a person sees it. */
export interface ShownKey {
  /** Base32, to be typed. */
  readonly secret: string;
  readonly uri: string;
}

/** Shows the key of a new authenticator and enrols it by the code that is given then. Throws `unauthenticated`, `state-conflict`. */
export async function enrolTotp(
  registry: OwnRegistry,
  { show, code }: { show: (key: ShownKey) => Promise<void>; code: () => Promise<string> },
): Promise<void> {
  await show(await beginTotp(registry));
  await confirmTotp(registry, await code());
}

/** Writes the key, an `otpauth://` URI, to the one file, 0600; it counts for nothing until a code confirms it. */
export async function writeTotpKey(registry: OwnRegistry, file: LineFiles): Promise<void> {
  await writeLines(file, async () => ({
    answer: undefined,
    lines: [(await beginTotp(registry)).uri],
  }));
}

/** Enrols the key that was given last, by its code. Throws `unauthenticated`, `state-conflict`. */
export async function confirmTotp(registry: OwnRegistry, code: string): Promise<void> {
  await ownProof(registry, registry.self.confirmTotp(code), NOT_CONFIRMED);
}

/** Takes one's own authenticator away. Throws `unauthenticated`. */
export async function removeTotp(registry: OwnRegistry, code: string): Promise<void> {
  await ownProof(registry, registry.self.removeTotp(code), WRONG_CODE);
}

/** Changes one's own password, which ends every token of the person. Throws `usage`, `unauthenticated`. */
export async function changePassword(
  registry: OwnRegistry,
  { old, wanted }: { readonly old: () => Promise<Secret>; readonly wanted: () => Promise<Secret> },
): Promise<void> {
  using before = await old();
  using after = await wanted();
  const text = before.use((bytes) => Buffer.from(bytes).toString('utf8'));
  const newText = passwordText(after, 'the old one still serves');
  await ownProof(registry, registry.self.changePassword(text, newText), WRONG_PASSWORD);
}

const WRONG_CODE = {
  message: 'the code is wrong, or was used before',
  hint: 'Give the code that your authenticator shows now; each serves once.',
};
const NOT_CONFIRMED = {
  message: 'this is no code of the key that was given last',
  hint: 'Give the code that the authenticator shows now: keyline registry totp confirm --code DIGITS.',
};
const WRONG_PASSWORD = {
  message: 'the present password is wrong',
  hint: 'Nothing was changed. Who does not know it has it reset by an admin: `keyline registry user reset`.',
};

function beginTotp({ self }: OwnRegistry): Promise<ShownKey> {
  return saidWhenLost(
    self.beginTotp(),
    'Begin again: a key that was not confirmed counts for nothing.',
  );
}

/** A registry answers a wrong proof as it does a token that has ended: who one still is tells them apart. */
async function ownProof<Result>(
  registry: OwnRegistry,
  work: Promise<Result>,
  wrong: { readonly message: string; readonly hint: string },
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'unauthenticated') throw error;
    await registry.identity();
    throw new KeylineError('unauthenticated', wrong);
  }
}

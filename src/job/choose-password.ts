import type { Home } from '../home/home.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { redeemInvitation } from '../registry/http-login.ts';
import { caOf, loginTarget } from './registry-login.ts';
import type { RegistryChoices, RegistryEffects } from './registry-session.ts';
import { wayTo } from './registry-session.ts';
import { readTokenLine } from './registry-token.ts';

/** Characters; the registry refuses a shorter one. */
const SHORTEST = 12;

/** A password as the registry takes it. Throws `usage` for one that is too short, with what is left as it was. */
export function passwordText(secret: Secret, unchanged: string): string {
  const text = secret.use((bytes) => Buffer.from(bytes).toString('utf8'));
  if (text.length >= SHORTEST) return text;
  throw new KeylineError('usage', {
    message: `a password has ${SHORTEST} characters or more`,
    hint: `Choose a longer one; ${unchanged}.`,
  });
}

/**
 * Chooses the password that an invitation or a reset is for, which it uses up; nobody is logged in by it.
 * Resolves to the registry's address. Throws what `loginTarget` throws, `not-found`, `usage`, `link-ended`.
 */
export async function choosePassword(
  home: Home,
  {
    invitationFile,
    password,
  }: { readonly invitationFile: string; readonly password: () => Promise<Secret> },
  { choices, effects }: { readonly choices: RegistryChoices; readonly effects: RegistryEffects },
): Promise<string> {
  const { url, before } = await loginTarget(home, choices);
  const token = await readTokenLine(invitationFile);
  using secret = await password();
  const text = passwordText(secret, 'the invitation still serves');
  const way = await wayTo(url, { text: await caOf(choices, { url, before }) }, effects);
  await redeemInvitation(way, { token, password: text });
  return url;
}

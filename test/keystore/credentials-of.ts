import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';

/** A folder of its own, removed when disposed. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'keyline-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Credentials that know one passphrase. */
export function passphraseIs(text: string): Credentials {
  const passphrase = (): Promise<Secret> => Promise.resolve(Secret.take(utf8(text)));
  return { passphrase, newPassphrase: passphrase };
}

/** Throw-away identities made with age-keygen 1.1.1. */
export const ALICE = {
  identity: 'AGE-SECRET-KEY-1EML8MPSGH87R76HKH3S3SL49C0WYW9L7A74ALSX5CQNDNXJXGMVSYMFVZ8',
  recipient: 'age1hd5pn8sa620l2mnqmnpjdqe62dttx5k9wv82ak059gcmtvzpqpxsrpaasp',
} as const;
export const BOB = {
  identity: 'AGE-SECRET-KEY-1KCC8SLYGJ4ZLU9SJN4Z0DQW4V590X8MFDZRARJX05KEGZGH6TCVQM2VZ0K',
  recipient: 'age169qaxtd777mykhrxys7wh3gxtxnpk4sngke52u7zftxy8st99srshgusey',
} as const;

/** An identity file, 0600, as credentials. */
export async function identityFileOf(
  folder: string,
  ...identities: readonly string[]
): Promise<Credentials & { readonly identityFile: string }> {
  const identityFile = join(
    folder,
    `identity-${identities.length}-${identities[0]?.slice(20, 26) ?? ''}.txt`,
  );
  const content = `# made for a test\n\n${identities.join('\n')}\n`;
  await writeFile(identityFile, content, { mode: 0o600 });
  return { identityFile };
}

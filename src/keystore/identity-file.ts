import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { isAgeFile } from './age-envelope.ts';
import { decryptWithPassphrase } from './age-passphrase.ts';
import { parseRecipient } from './age-recipient.ts';
import type { AgeRecipient } from './age-recipient.ts';
import type { Credentials } from './credentials.ts';
import { othersMayRead, readSecretFile } from './read-input.ts';

/** An age identity as text, `AGE-SECRET-KEY-1…`. A string cannot be wiped: keep it for one call. */
export type IdentityText = string;

/**
 * The identities of a file as age-keygen writes it: one a line, `#` comments and empty lines between.
 * The file may be an age file with a passphrase itself. Throws `invalid-identity`, naming the line
 * and never its content. Checksums are checked by `checkIdentities`.
 */
export async function readIdentities(
  path: string,
  credentials: Credentials,
): Promise<readonly IdentityText[]> {
  if (await othersMayRead(path)) {
    credentials.warn?.(`others may read the identity file ${path}; run: chmod 600 ${path}`);
  }
  using content = await readSecretFile(path);
  if (!content.use(isAgeFile)) return parseIdentities(path, content);
  using plain = await decryptWithPassphrase({ name: path, content }, credentials, {
    damaged: 'invalid-identity',
  });
  return parseIdentities(path, plain);
}

/** Checks the checksum of each, which reading leaves for later. Throws `invalid-identity`. */
export async function checkIdentities(
  identities: readonly IdentityText[],
  path: string,
): Promise<void> {
  const { Decrypter } = await import('age-encryption');
  for (const [at, identity] of identities.entries()) {
    try {
      new Decrypter().addIdentity(identity);
    } catch {
      throw invalid(path, `its identity ${at + 1} has a typing error`);
    }
  }
}

/** The recipients that the identities of a file open. Throws `invalid-identity`. */
export async function recipientsOfIdentities(
  path: string,
  credentials: Credentials,
): Promise<readonly AgeRecipient[]> {
  const { identityToRecipient } = await import('age-encryption');
  const recipients: AgeRecipient[] = [];
  const identities = await readIdentities(path, credentials);
  await checkIdentities(identities, path);
  for (const identity of identities) {
    recipients.push(await parseRecipient(await identityToRecipient(identity)));
  }
  return recipients;
}

function parseIdentities(path: string, content: Secret): readonly IdentityText[] {
  const text = content.use((bytes) => new TextDecoder().decode(bytes));
  const identities: IdentityText[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    if (!/^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/.test(trimmed)) {
      throw invalid(path, `line ${at + 1} is no X25519 identity`);
    }
    identities.push(trimmed);
  }
  if (identities.length === 0) throw invalid(path, 'there is no identity in it');
  return identities;
}

function invalid(path: string, why: string): KeylineError {
  return new KeylineError('invalid-identity', {
    message: `${path} cannot be used as an identity file: ${why}`,
    facts: { path },
  });
}

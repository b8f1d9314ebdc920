import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { hasPassphrase, runDecrypter, unarmor } from './age-envelope.ts';
import type { DecryptOptions, NamedContent } from './age-envelope.ts';
import { decryptWithPassphrase } from './age-passphrase.ts';
import { openFast } from './age-fast-open.ts';
import type { AgeRecipient } from './age-recipient.ts';
import type { Credentials } from './credentials.ts';
import { checkIdentities, readIdentities } from './identity-file.ts';
import { readSecretFile } from './read-input.ts';

/** What opens a file: a passphrase, or the identity of any one of the recipients. */
export type Protection =
  | { readonly type: 'passphrase'; readonly passphrase: Secret; readonly workFactor?: number }
  | { readonly type: 'recipients'; readonly recipients: readonly AgeRecipient[] };

/** A binary age file (C2SP age.md). Plaintext and passphrase stay the caller's. */
export async function encrypt(plaintext: Secret, protection: Protection): Promise<Uint8Array> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  if (protection.type === 'passphrase') {
    const { passphraseRecipient } = await import('./scrypt-stanza.ts');
    encrypter.addRecipient(passphraseRecipient(protection.passphrase, protection.workFactor));
  } else {
    if (protection.recipients.length === 0) throw new Error('an age file for nobody');
    for (const recipient of protection.recipients) encrypter.addRecipient(recipient);
  }
  const copy = plaintext.use((bytes) => Uint8Array.from(bytes));
  try {
    return await encrypter.encrypt(copy);
  } finally {
    copy.fill(0);
  }
}

/** Writes an age file atomically, 0600. Throws `output-exists` unless `force`. */
export async function encryptToFile(
  path: string,
  plaintext: Secret,
  options: { readonly protection: Protection; readonly force?: boolean },
): Promise<void> {
  const content = await encrypt(plaintext, options.protection);
  await writeFileAtomic(path, content, { mode: 0o600, force: options.force ?? false });
}

/** Opens an age file on disk, binary or armored. Throws as `decrypt` does, and `not-found`. */
export async function decryptFile(
  path: string,
  credentials: Credentials,
  options: DecryptOptions = {},
): Promise<Secret> {
  using content = await readSecretFile(path);
  return await decrypt({ name: path, content }, credentials, options);
}

/**
 * Opens an age file in memory. Throws `wrong-passphrase` (also where no identity fits),
 * `invalid-identity`, `no-passphrase` where the credentials have nothing of the kind that the file
 * needs, and `key-damaged` or what the options say for a file that was altered.
 */
export async function decrypt(
  file: NamedContent,
  credentials: Credentials,
  options: DecryptOptions = {},
): Promise<Secret> {
  const binary = await unarmor(file, options);
  if (hasPassphrase(binary)) return decryptWithPassphrase(file, credentials, options);
  const { name } = file;
  const { identityFile } = credentials;
  if (identityFile === undefined) {
    throw new KeylineError('no-passphrase', {
      message: `${name} is encrypted to recipients and opens with an identity only`,
      hint: 'Give --identity FILE, or set KEYLINE_IDENTITY_FILE.',
      facts: { path: name },
    });
  }
  const identities = await readIdentities(identityFile, credentials);
  const refused = `no identity in ${identityFile} opens ${name}`;
  return decryptWithIdentities(binary, identities, { ...options, name, refused, identityFile });
}

/** Opens a binary age file with identities at hand. Throws as `decrypt` does. */
export async function decryptWithIdentities(
  binary: Uint8Array,
  identities: readonly string[],
  options: DecryptOptions & {
    readonly name: string;
    readonly refused: string;
    readonly identityFile?: string;
  },
): Promise<Secret> {
  const opened = openFast(binary, identities);
  if (opened) return opened;
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  await checkIdentities(identities, options.identityFile ?? 'the identity file');
  for (const identity of identities) decrypter.addIdentity(identity);
  return runDecrypter(decrypter, binary, options);
}

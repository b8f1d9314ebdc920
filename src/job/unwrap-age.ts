import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { readIdentities } from '../keystore/identity-file.ts';

/**
 * The file key that an age header wraps, by an identity or a passphrase; the caller's to wipe.
 * Throws `no-passphrase`, `wrong-passphrase`, `invalid-identity`, `manifest-unreadable`.
 */
export async function unwrapAge(
  name: string,
  header: Uint8Array,
  credentials: Credentials,
): Promise<Secret> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  if (Buffer.from(header).includes('\n-> scrypt ')) {
    if (!credentials.passphrase) throw cannotOpen(name, 'a passphrase');
    using passphrase = await credentials.passphrase(`Passphrase of ${name}`);
    const { passphraseIdentity } = await import('../keystore/scrypt-stanza.ts');
    decrypter.addIdentity(passphraseIdentity(passphrase));
    return await run(name, () => decrypter.decryptHeader(header));
  }
  if (credentials.identityFile === undefined) throw cannotOpen(name, 'an identity');
  for (const identity of await readIdentities(credentials.identityFile, credentials)) {
    decrypter.addIdentity(identity);
  }
  return run(name, () => decrypter.decryptHeader(header));
}

async function run(name: string, decrypt: () => Promise<Uint8Array>): Promise<Secret> {
  try {
    return Secret.take(await decrypt());
  } catch (error) {
    if (error instanceof KeylineError) throw error;
    if (error instanceof Error && error.message.startsWith('no identity matched')) {
      throw new KeylineError('wrong-passphrase', {
        message: `nothing that was given opens ${name}`,
        facts: { path: name },
      });
    }
    throw new KeylineError('manifest-unreadable', {
      message: `the age header of ${name} is damaged`,
      hint: 'Get the file again from where it was written.',
      facts: { path: name },
    });
  }
}

function cannotOpen(name: string, by: string): KeylineError {
  return new KeylineError('no-passphrase', {
    message: `${name} is encrypted and opens with ${by}`,
    facts: { path: name },
  });
}

import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { hasPassphrase, runDecrypter, unarmor } from './age-envelope.ts';
import type { DecryptOptions, NamedContent } from './age-envelope.ts';
import type { Credentials } from './credentials.ts';

/**
 * Opens an age file that has a passphrase. Throws `wrong-passphrase`, `no-passphrase`, and what the
 * options say for a file that is damaged or has recipients instead.
 */
export async function decryptWithPassphrase(
  file: NamedContent,
  credentials: Credentials,
  options: DecryptOptions,
): Promise<Secret> {
  const { name } = file;
  const binary = await unarmor(file, options);
  if (!hasPassphrase(binary)) {
    throw new KeylineError(options.damaged ?? 'key-damaged', {
      message: `${name} is encrypted to recipients, where a passphrase was expected`,
      facts: { path: name },
    });
  }
  if (credentials.passphrase === undefined) {
    throw new KeylineError('no-passphrase', {
      message: `${name} opens with a passphrase`,
      hint: 'Give --passphrase-file FILE|-, or set KEYLINE_PASSPHRASE_FILE.',
      facts: { path: name },
    });
  }
  using passphrase = await credentials.passphrase(`Passphrase of ${name}`);
  const { Decrypter } = await import('age-encryption');
  const { passphraseIdentity } = await import('./scrypt-stanza.ts');
  const decrypter = new Decrypter();
  decrypter.addIdentity(passphraseIdentity(passphrase));
  const refused = `the passphrase does not open ${name}`;
  return await runDecrypter(decrypter, binary, { ...options, name, refused });
}

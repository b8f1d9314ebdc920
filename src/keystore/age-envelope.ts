import type { Decrypter } from 'age-encryption';
import type { ErrorCode } from '../kernel/error-catalog.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';

/** The bytes of a file and what messages call it. */
export interface NamedContent {
  readonly name: string;
  readonly content: Secret;
}

/** How an age file is opened. */
export interface DecryptOptions {
  /** The code for a file that is no age file or was altered; `key-damaged` unless given. */
  readonly damaged?: ErrorCode;
}

const MAGIC = 'age-encryption.org/v1\n';
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Whether these bytes begin like an age file, binary or armored. */
export function isAgeFile(bytes: Uint8Array): boolean {
  const text = latin1(bytes, 512);
  return text.startsWith(MAGIC) || text.trimStart().startsWith(ARMOR);
}

/** Whether a binary age file has a passphrase instead of recipients; it then has one stanza only. */
export function hasPassphrase(binary: Uint8Array): boolean {
  return latin1(binary, 64).startsWith(`${MAGIC}-> scrypt `);
}

/** The binary form of an age file, armored or not. Throws what the options say. */
export async function unarmor(file: NamedContent, options: DecryptOptions): Promise<Uint8Array> {
  // An age file is ciphertext: it may be copied out of its Secret.
  const bytes = file.content.use((content) => Uint8Array.from(content));
  if (latin1(bytes, MAGIC.length) === MAGIC) return bytes;
  const { armor } = await import('age-encryption');
  try {
    return armor.decode(new TextDecoder().decode(bytes));
  } catch {
    throw damaged(file.name, options);
  }
}

/** The plaintext. Throws `wrong-passphrase` with the message `refused`, or what the options say. */
export async function runDecrypter(
  decrypter: Decrypter,
  binary: Uint8Array,
  options: DecryptOptions & { readonly name: string; readonly refused: string },
): Promise<Secret> {
  try {
    return Secret.take(await decrypter.decrypt(binary));
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('no identity matched')) {
      throw new KeylineError('wrong-passphrase', {
        message: options.refused,
        facts: { path: options.name },
      });
    }
    throw damaged(options.name, options);
  }
}

function damaged(name: string, options: DecryptOptions): KeylineError {
  return new KeylineError(options.damaged ?? 'key-damaged', {
    message: `${name} is not an age file, or was altered`,
    facts: { path: name },
  });
}

function latin1(bytes: Uint8Array, limit: number): string {
  const start = bytes.subarray(0, limit);
  return Buffer.from(start.buffer, start.byteOffset, start.length).toString('latin1');
}

import { fromBase64 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { readSecretFile } from '../keystore/read-input.ts';

/** Azure takes enrollment group keys of 16 to 64 bytes. */
const MIN_BYTES = 16;
const MAX_BYTES = 64;

/**
 * The enrollment group key in a file, base64 as the Azure portal shows it; undefined without a file.
 * Throws `not-found`, and `usage` for anything else than such a key.
 */
export async function readGroupKeyFile(path: string | undefined): Promise<Secret | undefined> {
  if (path === undefined) return undefined;
  using content = await readSecretFile(path);
  const bytes = content.use((text) => fromBase64(Buffer.from(text).toString('latin1').trim()));
  if (bytes && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) return Secret.take(bytes);
  throw new KeylineError('usage', {
    message: `${path} does not hold an enrollment group key`,
    hint: `A group key is ${MIN_BYTES} to ${MAX_BYTES} bytes in base64, as the Azure portal shows it.`,
    facts: { path },
  });
}

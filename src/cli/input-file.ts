import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { readSecretFile, readSecretInput } from '../keystore/read-input.ts';

/**
 * The bytes of a small input file, or of standard input for `-`; they may be secret. Throws
 * `not-found`, and `usage` for a file that is too large or where `-` was given for something else too.
 */
export async function readInputFile(
  path: string,
  others: readonly (string | undefined)[] = [],
): Promise<Secret> {
  if (path !== '-') return readSecretFile(path);
  if (!others.includes('-')) return readSecretInput();
  throw new KeylineError('usage', {
    message: 'standard input can be only one of the files',
    hint: 'Give a file name for the other one.',
  });
}

import { open } from 'node:fs/promises';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { unreadable } from '../kernel/unreadable.ts';
import { readInputFile } from './input-file.ts';

/** A grant with 131,072 certificates has some 110 MB. */
const LIMIT_BYTES = 400 * 1024 * 1024;

/**
 * The bytes of a lot descriptor or a grant, which may be larger than other small files; `-` reads
 * standard input, at most 1 MiB. Throws `not-found`, and `usage` for what is no file or too large.
 */
export async function readGrantFile(
  path: string,
  others: readonly (string | undefined)[],
): Promise<Secret> {
  if (path === '-') return readInputFile(path, others);
  try {
    await using file = await open(path, 'r');
    const stat = await file.stat();
    // A pipe has no size to be judged by.
    if (!stat.isFile()) return await readInputFile(path, others);
    if (stat.size <= LIMIT_BYTES) return Secret.take(await file.readFile());
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new KeylineError('usage', { message: `${path} is larger than any grant`, facts: { path } });
}

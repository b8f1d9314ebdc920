import { readdir } from 'node:fs/promises';
import { isErrno } from '../kernel/errors.ts';

/** The names in a folder of the home; none where there is no such folder yet. */
export async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

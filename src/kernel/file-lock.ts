import { readFile, rm, writeFile } from 'node:fs/promises';
import { isErrno } from './errors.ts';

/** A lock that is held until disposed. */
export interface FileLock extends AsyncDisposable {
  readonly path: string;
}

/**
 * Takes the lock file at `path` (made exclusively, holding this process's id), or returns undefined
 * while another living process holds it. A lock left by a process that is gone is taken over.
 */
export async function tryLock(path: string): Promise<FileLock | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    if (await isHeld(path)) return undefined;
    await rm(path, { force: true });
  }
  return undefined;
}

async function isHeld(path: string): Promise<boolean> {
  let holder: number;
  try {
    holder = Number.parseInt(await readFile(path, 'utf8'), 10);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  // An empty file is a lock whose owner has not yet written its id.
  if (!Number.isInteger(holder)) return true;
  try {
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

import { open, stat } from 'node:fs/promises';
import { AtomicFile, outputError } from '../../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import { MasterKey } from './master-key.ts';

const LIMIT_BYTES = 1_024;

/** Reads a master key file. Throws `master-key-invalid` for one that is none, or that others may read. */
export async function readMasterKey(path: string): Promise<MasterKey> {
  const text = await readSmallFile(path);
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) {
    throw new KeylineError('master-key-invalid', {
      message: `others may read ${path}`,
      hint: 'Take the permissions away from others: chmod 600.',
      facts: { path },
    });
  }
  return MasterKey.parse(text);
}

/** Reads the master key file, or makes it, 0600, where there is none. */
export async function readOrMakeMasterKey(path: string): Promise<MasterKey> {
  try {
    return await readMasterKey(path);
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'not-found') throw error;
  }
  await using file = await AtomicFile.create(path, { mode: 0o600 });
  const { key, text } = MasterKey.generate();
  await file.handle.writeFile(`${text}\n`);
  await file.commit();
  return key;
}

/** A file with one secret line. Throws `not-found`, `usage` for a file that is too large. */
export async function readSmallFile(path: string): Promise<string> {
  let text: string;
  try {
    await using handle = await open(path, 'r');
    const buffer = Buffer.alloc(LIMIT_BYTES + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    text = buffer.toString('utf8', 0, bytesRead);
    buffer.fill(0);
    if (bytesRead > LIMIT_BYTES) {
      throw new KeylineError('usage', { message: `${path} is larger than one line of a secret` });
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) {
      throw new KeylineError('not-found', {
        message: `there is no file ${path}`,
        hint: 'Check the name of the file.',
        facts: { path },
      });
    }
    throw outputError(path, error);
  }
  return text;
}

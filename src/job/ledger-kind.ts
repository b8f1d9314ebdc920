import { open } from 'node:fs/promises';
import { isErrno, KeylineError } from '../kernel/errors.ts';

/** The first bytes of every SQLite file (sqlite.org/fileformat.html section 1.3). */
const SQLITE = 'SQLite format 3\0';

const UNREADABLE = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR'];

/** True for a ledger's own file, false for what may be an export of one. Throws `not-found`. */
export async function isLedgerFile(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0);
    // A ledger that was only just begun has all it holds in the file beside it.
    return bytesRead === 0 || buffer.toString('latin1') === SQLITE;
  } catch (error) {
    throw ledgerReadError(path, error);
  }
}

/** `not-found` for an error of the operating system that says so; others pass unchanged. */
export function ledgerReadError(path: string, error: unknown): unknown {
  const code = UNREADABLE.find((one) => isErrno(error, one));
  return code === undefined ? error : unreadableLedger(path, code);
}

/** The error for a file that cannot be read, for the reason that the operating system gave. */
export function unreadableLedger(path: string, code: string): KeylineError {
  return new KeylineError('not-found', {
    message: `${path} cannot be read (${code})`,
    hint: 'A station’s first run makes its ledger; check the name of another file, and its permissions.',
    facts: { path },
  });
}

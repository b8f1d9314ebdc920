import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { isErrno } from '../kernel/errors.ts';

const PAGE = new Uint8Array(4096);
/** What SQLite keeps beside a database in WAL mode, and how small it can be (sqlite.org/walformat.html). */
const SHARED_MEMORY_BYTES = 32 * 1024;

/**
 * Whether no page can be added to what the ledger's folder holds: the disk is full, or a quota or a file
 * size limit is reached. SQLite calls most of these an I/O error, as it does a disk that breaks; so a file
 * beside the ledger's is made as long as the longest of them and a page more, and removed again.
 */
export function isOutOfRoom(path: string): boolean {
  const sizes = [path, `${path}-wal`].map(
    (file) => statSync(file, { throwIfNoEntry: false })?.size,
  );
  const end = Math.max(SHARED_MEMORY_BYTES, ...sizes.map((size) => size ?? 0));
  const probe = `${path}.room-${process.pid}`;
  try {
    const file = openSync(probe, 'wx', 0o600);
    try {
      writeSync(file, PAGE, 0, PAGE.length, end);
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
    return false;
  } catch (error) {
    return ['ENOSPC', 'EDQUOT', 'EFBIG'].some((code) => isErrno(error, code));
  }
}

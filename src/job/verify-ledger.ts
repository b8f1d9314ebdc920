import { open, readFile } from 'node:fs/promises';
import { ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { textLines } from '../kernel/text-lines.ts';
import { verifyExport } from '../ledger/export-lines.ts';
import { verifyLedgerFile } from '../ledger/verify-ledger.ts';
import type { VerifiedLedger } from '../ledger/verify-ledger.ts';

/** What was found, and where. */
export interface LedgerReport extends VerifiedLedger {
  readonly file: string;
  readonly kind: 'ledger' | 'export';
}

/** The first bytes of every SQLite file (sqlite.org/fileformat.html section 1.3). */
const SQLITE = 'SQLite format 3\0';

/**
 * Verifies a ledger, this home's unless a file is named, or an export of one: order, chain, rules, what
 * it adds up to, signature. What is wrong is in the report. Throws `not-found`, `ledger-busy`,
 * `ledger-newer`, and `ledger-damaged` for a file that is neither.
 */
export async function verifyLedger(
  home: Home,
  request: { readonly file?: string | undefined; readonly witness?: string | undefined },
  effects: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LedgerReport> {
  const file = request.file ?? ledgerPath(home);
  const witness = request.witness === undefined ? undefined : await readText(request.witness);
  const options = { witness, signal: effects.signal };
  if (await isSqlite(file)) {
    return { file, kind: 'ledger', ...(await verifyLedgerFile(file, options)) };
  }
  return { file, kind: 'export', ...(await verifyExport(textLines(file), options)) };
}

async function isSqlite(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0);
    // A ledger that was only just begun has all it holds in the file beside it.
    return bytesRead === 0 || buffer.toString('latin1') === SQLITE;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): unknown {
  for (const code of ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR']) {
    if (!isErrno(error, code)) continue;
    return new KeylineError('not-found', {
      message: `${path} cannot be read (${code})`,
      hint: 'A station’s first run makes its ledger; name another file to verify that one.',
      facts: { path },
    });
  }
  return error;
}

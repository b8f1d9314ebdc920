import { readFile } from 'node:fs/promises';
import { ledgerPath } from '../home/ledger-paths.ts';
import type { Home } from '../home/home.ts';
import { textLines } from '../kernel/text-lines.ts';
import { verifyExport } from '../ledger/export-lines.ts';
import { verifyLedgerFile } from '../ledger/verify-ledger.ts';
import type { VerifiedLedger } from '../ledger/verify-ledger.ts';
import { isLedgerFile, ledgerReadError } from './ledger-kind.ts';

/** What was found, and where. */
export interface LedgerReport extends VerifiedLedger {
  readonly file: string;
  readonly kind: 'ledger' | 'export';
}

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
  if (await isLedgerFile(file)) {
    return { file, kind: 'ledger', ...(await verifyLedgerFile(file, options)) };
  }
  return { file, kind: 'export', ...(await verifyExport(textLines(file), options)) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw ledgerReadError(path, error);
  }
}

import { AllocationBook } from '../home/allocation-book.ts';
import type { Allocation } from '../home/allocation-book.ts';
import { ensureLedgerFolder } from '../home/ledger-paths.ts';
import { LotStore } from '../home/lot-store.ts';
import type { Home } from '../home/home.ts';
import { outstanding } from '../home/outstanding.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import type { Lot } from '../model/lot.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { openStation } from './open-station.ts';
import { readBoardLog } from './board-log.ts';
import type { LogReading } from './board-log.ts';

/** What a person says of a log. */
export interface LedgerImport extends Omit<LogReading, 'lot' | 'reference'> {
  /** A CSV file with a header line. */
  readonly log: string;
  /** Reference of the entry in a lot's allocation book under which the secrets left. */
  readonly allocation: string;
  /** Code or id; needed only where two lots have that reference. */
  readonly lot?: string | undefined;
  readonly ledger?: string | undefined;
  readonly witness?: string | undefined;
}

/** What came of it. */
export interface ImportedLog {
  readonly lotId: string;
  readonly lot: string;
  readonly log: string;
  readonly rows: number;
  readonly passed: number;
  readonly failed: number;
  /** Rows that said something new. */
  readonly recorded: number;
  readonly known: number;
}

/**
 * Takes boards that were written elsewhere into this station's ledger, all rows of a log or none. Throws
 * `not-found` for an allocation that is in no book, `import-defective`, `index-conflict` for units that
 * this station may give itself, and what the station and its ledger throw.
 */
export async function importLedger(
  home: Home,
  request: LedgerImport,
  effects: {
    readonly credentials: Credentials;
    readonly toolVersion: string;
    readonly clock?: Clock;
  },
): Promise<ImportedLog> {
  const { allocation: reference, log, witness } = request;
  const { lot, entries } = await findAllocation(home, reference, request.lot);
  const rows = await readBoardLog(log, { ...request, lot, reference });
  using station = await openStation(home, effects.credentials);
  const path = request.ledger ?? (await ensureLedgerFolder(home));
  const { toolVersion, clock } = effects;
  const options = { station, toolVersion, witness, ...(clock && { clock }) };
  await using ledger = await openLedger(path, options);
  const { lotId, size, spare } = lot;
  const ranges = mergeRanges(entries);
  const admission = { lotId, size, spare, ranges, use: 'elsewhere', reference } as const;
  const { recorded, known } = await ledger.importAll(rows, admission);
  const passed = rows.filter((row) => row.passed).length;
  return {
    ...{ lotId, lot: lot.code, log, rows: rows.length },
    ...{ passed, failed: rows.length - passed, recorded, known },
  };
}

async function findAllocation(
  home: Home,
  reference: string,
  wanted: string | undefined,
): Promise<{ lot: Lot; entries: readonly Allocation[] }> {
  const store = new LotStore(home);
  const lots = wanted === undefined ? (await store.list()).lots : [await store.find(wanted)];
  const found: { lot: Lot; entries: readonly Allocation[] }[] = [];
  for (const { lot } of lots) {
    const book = AllocationBook.open(home, lot.lotId);
    // What this station took for itself it writes itself.
    const entries = outstanding(await book.entries()).filter(
      (entry) => entry.reference === reference && entry.purpose !== 'station',
    );
    if (entries.length > 0) found.push({ lot, entries });
  }
  const [one, other] = found;
  if (one && !other) return one;
  throw new KeylineError(one ? 'ambiguous' : 'not-found', {
    message: one
      ? `several lots have an allocation ${JSON.stringify(reference)}`
      : `no allocation book has an entry ${JSON.stringify(reference)}`,
    hint: one
      ? 'Say which one with --lot LOT.'
      : '`keyline lot allocations LOT` shows the references: a grant id, or the name of a manifest.',
    facts: { allocation: reference },
  });
}

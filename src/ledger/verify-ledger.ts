import { toHex } from '../kernel/bytes.ts';
import type { SqlDatabase } from '../kernel/sqlite.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import { ChainCheck, namedSeq } from './chain-check.ts';
import type { LedgerIssue } from './chain-check.ts';
import type { LedgerHead } from './chain.ts';
import { LedgerFile } from './ledger-file.ts';
import type { EventRow } from './ledger-file.ts';

/** What was found of a ledger or of an export. */
export interface VerifiedLedger {
  /** The last event. */
  readonly head: LedgerHead;
  /** Events up to this one are covered by a signature of the station; 0 for none. */
  readonly signedSeq: number;
  readonly station: string | undefined;
  readonly stationKey: string | undefined;
  readonly epoch: string | undefined;
  /** At most 100. */
  readonly issues: readonly LedgerIssue[];
}

/** Tables with what orders their rows. */
const TABLES = {
  lots: 'lot',
  spans: 'lot, kind, start',
  units: 'lot, idx',
  tallies: 'lot, part, state',
  prints: 'lot, idx',
} as const;

const PAGE = 1024;

/** What a ledger or an export is verified against. */
export interface VerifyOptions {
  /** A signed head that must fit too. */
  readonly witness?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Walks a ledger's whole chain, replays it and compares what it adds up to, and checks the signed head
 * in it, and a witness where one is given. Throws as `openLedgerReader` does.
 */
export async function verifyLedgerFile(
  path: string,
  options: VerifyOptions = {},
): Promise<VerifiedLedger> {
  using file = await LedgerFile.open(path, { create: false });
  return await verifyOpenLedger(file, options);
}

/** The same for a ledger that is open, so that nothing changes between the proof and the use. */
export async function verifyOpenLedger(
  file: LedgerFile,
  options: VerifyOptions = {},
): Promise<VerifiedLedger> {
  const { database } = file;
  const heads = file.guard(() => signedHeads(database, options.witness));
  using check = await ChainCheck.begin(heads.map(({ statement }) => namedSeq(statement)));
  const sql = `SELECT seq, hash, body FROM events WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`;
  for (let last = -1, more = true; more;) {
    throwIfAborted(options.signal);
    const page = file.guard(() => database.prepare(sql).all(last)) as EventRow[];
    for (const { seq, hash, body } of page) check.take(seq, hash, body);
    last = page.at(-1)?.seq ?? last;
    more = page.length === PAGE;
  }
  if (check.head.seq === 0) check.add('it has no event');
  let signedSeq = 0;
  for (const { statement, source } of heads) {
    signedSeq = Math.max(signedSeq, await check.checkHead(statement, source));
  }
  // A chain that does not hold says nothing of what it should add up to.
  if (check.issues.length === 0)
    file.guard(() => {
      compareTables(database, check);
    });
  return verified(check, signedSeq);
}

/** What a finished check has found. */
export function verified(check: ChainCheck, signedSeq: number): VerifiedLedger {
  const { head, identity, issues } = check;
  const { station, stationKey, epoch } = identity ?? {};
  return { head, signedSeq, station, stationKey, epoch, issues };
}

function signedHeads(
  database: SqlDatabase,
  witness: string | undefined,
): { statement: string; source: string }[] {
  const row = database.prepare('SELECT statement FROM head').get() as
    { statement: string } | undefined;
  return [
    ...(row ? [{ statement: row.statement, source: 'the signed head in the ledger' }] : []),
    ...(witness === undefined ? [] : [{ statement: witness.trim(), source: 'the witness' }]),
  ];
}

function compareTables(database: SqlDatabase, check: ChainCheck): void {
  for (const [table, order] of Object.entries(TABLES)) {
    const sql = `SELECT * FROM ${table} ORDER BY ${order}`;
    const expected = check.replay.prepare(sql).iterate();
    try {
      for (const row of database.prepare(sql).iterate()) {
        const other = expected.next();
        if (other.done !== true && same(row, other.value)) continue;
        check.add(`the table ${table} is not what the events add up to`);
        return;
      }
      if (expected.next().done === true) continue;
      check.add(`the table ${table} lacks what the events add up to`);
      return;
    } finally {
      expected.return?.();
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b);
}

function text(row: unknown): string {
  return JSON.stringify(row, (_name, value: unknown) =>
    value instanceof Uint8Array ? toHex(value) : value,
  );
}

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import type { SqlDatabase } from '../../src/kernel/sqlite.ts';

/** An event as it stands in the ledger; read for what it says, and trusted in nothing. */
export interface RawEvent {
  readonly seq: number;
  readonly type: string;
  readonly hash: string;
  readonly hardwareId?: string;
  readonly index?: number;
  readonly code?: string;
  readonly ranges?: readonly { readonly from: number; readonly count: number }[];
}

/** A ledger’s file as a dead station left it. */
export interface RawLedger {
  /** All from the one asked for on, in order. */
  readonly events: readonly RawEvent[];
  /** What does not fit together: sequence, hashes. */
  readonly flaws: readonly string[];
  /** The ledger’s own idea of its units: index → state and device. */
  readonly units: ReadonlyMap<number, { readonly state: string; readonly hardwareId: string }>;
  /** The ledger’s own idea of what is free, as [from, end). */
  readonly free: readonly (readonly [from: number, end: number])[];
}

/** Where reading begins: after this event, which must still be there. */
export interface KnownHead {
  readonly seq: number;
  readonly hash: string;
}

export const NOTHING_KNOWN: KnownHead = { seq: 0, hash: '00'.repeat(32) };

/**
 * Reads a copy of a ledger by SQL alone, so that the file and what is beside it stay as the crash left
 * them. Chained as docs/shapes.md says, computed here. A ledger that is not there has no events.
 */
export async function readLedger(path: string, known: KnownHead): Promise<RawLedger> {
  if (!existsSync(path)) return { events: [], flaws: gone(known), units: new Map(), free: [] };
  const folder = mkdtempSync(join(tmpdir(), 'keyline-torture-read-'));
  const copy = join(folder, 'ledger.sqlite');
  try {
    copyLedger(path, copy);
    const database = await openDatabase(copy);
    try {
      return readTables(database, known);
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A ledger and the write-ahead log that a crash leaves beside it. */
export function copyLedger(from: string, to: string): void {
  rmSync(`${to}-wal`, { force: true });
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}

/** What a head statement says, its signature unread; undefined where there is no file. */
export function readHeadStatement(path: string): KnownHead | undefined {
  if (!existsSync(path)) return undefined;
  const payload = readFileSync(path, 'utf8').split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as KnownHead;
}

function readTables(database: SqlDatabase, known: KnownHead): RawLedger {
  const tables = database.prepare('SELECT name FROM sqlite_schema').all();
  // Killed before the first commit.
  if (tables.length === 0) return { events: [], flaws: gone(known), units: new Map(), free: [] };
  const rows = database
    .prepare('SELECT seq, hash, body FROM events WHERE seq >= ? ORDER BY seq')
    .all(known.seq) as EventRow[];
  const flaws: string[] = [];
  if (known.seq > 0) {
    const first = rows.shift();
    if (first?.seq !== known.seq || hex(first.hash) !== known.hash) flaws.push(...gone(known));
  }
  const events: RawEvent[] = [];
  let { seq, hash } = known;
  for (const row of rows) {
    if (row.seq !== seq + 1) flaws.push(`event ${row.seq} follows event ${seq}`);
    if (hex(row.hash) !== chained(hash, row.body)) flaws.push(`event ${row.seq} is not chained`);
    ({ seq } = row);
    hash = hex(row.hash);
    events.push({ ...(JSON.parse(row.body) as RawEvent), seq, hash });
  }
  return { events, flaws, units: unitsOf(database), free: freeOf(database) };
}

interface EventRow {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly body: string;
}

function gone({ seq }: KnownHead): string[] {
  return seq === 0 ? [] : [`event ${seq} was there and is gone`];
}

function chained(previous: string, body: string): string {
  return createHash('sha256')
    .update('keyline/v1 ledger\0')
    .update(Buffer.from(previous, 'hex'))
    .update(body)
    .digest('hex');
}

function unitsOf(database: SqlDatabase): RawLedger['units'] {
  const rows = database.prepare('SELECT idx, state, hardwareId FROM units').all() as {
    readonly idx: number;
    readonly state: string;
    readonly hardwareId: string;
  }[];
  return new Map(rows.map(({ idx, state, hardwareId }) => [idx, { state, hardwareId }]));
}

function freeOf(database: SqlDatabase): RawLedger['free'] {
  const sql = `SELECT start, stop FROM spans WHERE kind = 'free' ORDER BY start`;
  const rows = database.prepare(sql).all() as { readonly start: number; readonly stop: number }[];
  return rows.map(({ start, stop }) => [start, stop] as const);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

import { toHex } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { SqlDatabase } from '../kernel/sqlite.ts';
import type { LotId } from '../model/ids.ts';
import { HELD_STATES, noCounts } from '../model/ledger-counts.ts';
import type { LedgerCounts, PartCounts } from '../model/ledger-counts.ts';
import type { Range } from '../model/range.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import type { UnitState } from '../model/unit-state.ts';
import type { LedgerEntry, LedgerHead } from './chain.ts';
import { damaged, parseEvent } from './ledger-file.ts';
import type { EventRow, LedgerFile } from './ledger-file.ts';
import type { SpanKind } from './index-spans.ts';
import type { LedgerReader, LiveDevice } from './ledger.ts';
import { ALL_INDEXES, Projection } from './projection.ts';
import type { LedgerLot } from './projection.ts';

const PAGE = 1024;
const PAGE_OF_UNITS = 'SELECT idx, record FROM units WHERE lot = ? AND idx > ?';
const PAGE_END = `ORDER BY idx LIMIT ${PAGE}`;

/** Every question that a ledger answers without changing. The file stays its opener's to close. */
export class LedgerQueries implements LedgerReader {
  readonly path: string;
  readonly identity: LedgerReader['identity'];
  protected readonly file: LedgerFile;
  protected readonly projection: Projection;

  constructor(file: LedgerFile) {
    this.path = file.path;
    this.file = file;
    this.identity = file.guard(() => file.identity());
    this.projection = file.guard(() => new Projection(file.database));
  }

  head(): ReturnType<LedgerReader['head']> {
    return this.file.guard(() => this.file.head());
  }

  has(head: LedgerHead): boolean {
    return this.file.guard(() => this.file.has(head));
  }

  lots(): ReturnType<LedgerReader['lots']> {
    const rows = this.#all('SELECT lotId, size, spare FROM lots ORDER BY lot') as LotRow[];
    return rows.map(({ lotId, size, spare }) => ({ lotId, size, spare }));
  }

  unit(lotId: LotId, index: number): UnitRecord | undefined {
    return this.file.guard(() => {
      const lot = this.projection.lot(lotId);
      return lot && this.projection.unit(lot, index);
    });
  }

  byHardwareId(hardwareId: string): readonly UnitRecord[] {
    const sql = 'SELECT record FROM units WHERE hardwareId = ? ORDER BY live DESC, lot, idx';
    return (this.#all(sql, hardwareId) as RecordRow[]).map(parseRecord);
  }

  async *units(lotId: LotId, states?: readonly UnitState[]): AsyncIterable<UnitRecord> {
    const lot = this.projection.lot(lotId);
    if (!lot) return;
    for (let after = -1; after !== Infinity;) {
      const { rows, last } = states
        ? this.#pageOf(lot, after, states)
        : pageEnd(this.#all(`${PAGE_OF_UNITS} ${PAGE_END}`, lot.key, after) as UnitRow[]);
      for (const row of rows) yield Promise.resolve(parseRecord(row));
      after = last;
    }
  }

  async *entries(from = 1): AsyncIterable<LedgerEntry> {
    const sql = `SELECT seq, hash, body FROM events WHERE seq >= ? ORDER BY seq LIMIT ${PAGE}`;
    for (let next = from; ;) {
      const page = this.#all(sql, next) as EventRow[];
      for (const row of page) {
        const event = parseEvent(row.body);
        if (!event) throw damaged(this.path, `event ${row.seq} was altered`);
        yield Promise.resolve({ event, hash: toHex(row.hash) });
      }
      next += page.length;
      if (page.length < PAGE) return;
    }
  }

  *liveDevices(): Iterable<LiveDevice> {
    // The partial index oneLiveUnit gives this order.
    const sql = `SELECT hardwareId, lotId, idx AS "index", state FROM units JOIN lots USING (lot)
      WHERE live = 1 AND hardwareId > ? ORDER BY hardwareId LIMIT ${PAGE}`;
    for (let after = ''; ;) {
      const page = this.#all(sql, after) as LiveDevice[];
      yield* page;
      after = page.at(-1)?.hardwareId ?? after;
      if (page.length < PAGE) return;
    }
  }

  *claimed(lotId: LotId, use: 'here' | 'elsewhere'): Iterable<Range> {
    const lot = this.projection.lot(lotId);
    if (!lot) return;
    const { spans } = this.projection;
    const kind = use === 'here' ? 'admitted' : 'expected';
    for (const range of spans.ranges(lot.key, kind, ALL_INDEXES)) {
      yield* spans.gaps(lot.key, 'surrendered', range);
    }
  }

  counts(lotId: LotId): LedgerCounts {
    return this.file.guard(() => {
      const lot = this.projection.lot(lotId);
      if (!lot) return { planned: noCounts(), spare: noCounts() };
      return {
        planned: this.#part(lot, 0, { from: 0, count: lot.size }),
        spare: this.#part(lot, 1, { from: lot.size, count: lot.spare }),
      };
    });
  }

  *neverUsed(lotId: LotId): Iterable<Range> {
    const lot = this.projection.lot(lotId);
    if (lot) yield* this.projection.spans.ranges(lot.key, 'free', ALL_INDEXES);
  }

  *surrendered(lotId: LotId): Iterable<Range> {
    const lot = this.projection.lot(lotId);
    if (lot) yield* this.projection.spans.ranges(lot.key, 'surrendered', ALL_INDEXES);
  }

  admissions(lotId: LotId): ReturnType<LedgerReader['admissions']> {
    // Canonical JSON has one spelling; what a text says has its quotation marks escaped.
    const sql = `SELECT seq, hash, body FROM events WHERE instr(body, '"type":"admitted"') ORDER BY seq`;
    return (this.#all(sql) as EventRow[]).flatMap(({ body }) => {
      const event = parseEvent(body);
      return event?.type === 'admitted' && event.lotId === lotId ? [event] : [];
    });
  }

  labels(lotId: LotId, index: number): number {
    const sql = 'SELECT labels FROM prints JOIN lots USING (lot) WHERE lotId = ? AND idx = ?';
    const [row] = this.#all(sql, lotId, index) as { labels: number }[];
    return row?.labels ?? 0;
  }

  /** The lot, where units of it were admitted. Throws `outside-grant`. */
  protected lotOf(lotId: LotId): LedgerLot {
    const lot = this.projection.lot(lotId);
    if (lot) return lot;
    throw new KeylineError('outside-grant', {
      message: `the ledger has no units of lot ${lotId}`,
      facts: { lotId },
    });
  }

  protected get database(): SqlDatabase {
    return this.file.database;
  }

  #part(lot: LedgerLot, part: 0 | 1, range: Range): PartCounts {
    const rows = this.#all(
      'SELECT state, units FROM tallies WHERE lot = ? AND part = ?',
      lot.key,
      part,
    );
    const tallies = new Map((rows as TallyRow[]).map(({ state, units }) => [state, units]));
    const states = HELD_STATES.map((state) => [state, tallies.get(state) ?? 0] as const);
    const count = (kind: SpanKind): number => this.projection.spans.count(lot.key, kind, range);
    return {
      admitted: count('admitted') + count('expected'),
      free: count('free'),
      surrendered: count('surrendered'),
      elsewhere: count('pending'),
      states: Object.fromEntries(states) as PartCounts['states'],
    };
  }

  /** A page from the index of each state, as far as all of them reach. */
  #pageOf(lot: LedgerLot, after: number, states: readonly UnitState[]): Page {
    const sql = `${PAGE_OF_UNITS} AND state = ? ${PAGE_END}`;
    const pages = states.map((state) =>
      pageEnd(this.#all(sql, lot.key, after, state) as UnitRow[]),
    );
    const last = Math.min(...pages.map((page) => page.last));
    const rows = pages.flatMap((page) => page.rows).filter((row) => row.idx <= last);
    return { rows: rows.sort((a, b) => a.idx - b.idx), last };
  }

  #all(sql: string, ...values: readonly (string | number)[]): unknown[] {
    return this.file.guard(() => this.database.prepare(sql).all(...values));
  }
}

interface LotRow {
  readonly lotId: LotId;
  readonly size: number;
  readonly spare: number;
}

interface RecordRow {
  readonly record: string;
}

interface UnitRow extends RecordRow {
  readonly idx: number;
}

/** Rows up to index `last`; infinite where there are no more. */
interface Page {
  readonly rows: readonly UnitRow[];
  readonly last: number;
}

function pageEnd(rows: readonly UnitRow[]): Page {
  return { rows, last: rows.length < PAGE ? Infinity : (rows.at(-1)?.idx ?? Infinity) };
}

interface TallyRow {
  readonly state: UnitState;
  readonly units: number;
}

function parseRecord({ record }: RecordRow): UnitRecord {
  return JSON.parse(record) as UnitRecord;
}

import type { SqlDatabase, SqlRow, SqlStatement } from '../kernel/sqlite.ts';
import type { Range } from '../model/range.ts';

/**
 * Sets of unit indexes that a ledger keeps of each lot: `admitted` for use here, of which some are still
 * `free` and some `surrendered`; `expected` from elsewhere, of which some are still `pending`.
 */
export type SpanKind = 'admitted' | 'free' | 'surrendered' | 'expected' | 'pending';

/**
 * Sets of indexes as intervals that neither meet nor touch, so that ten million free units are one
 * row and the next free index is one look-up. Every call is part of the caller's transaction.
 */
export class IndexSpans {
  readonly #before: SqlStatement;
  readonly #after: SqlStatement;
  readonly #page: SqlStatement;
  readonly #insert: SqlStatement;
  readonly #delete: SqlStatement;
  readonly #sum: SqlStatement;

  constructor(database: SqlDatabase) {
    const columns = 'SELECT start, stop FROM spans WHERE lot = ? AND kind = ?';
    this.#before = database.prepare(`${columns} AND start <= ? ORDER BY start DESC LIMIT 1`);
    this.#after = database.prepare(`${columns} AND start > ? ORDER BY start LIMIT 1`);
    this.#page = database.prepare(`${columns} AND start > ? ORDER BY start LIMIT 1024`);
    this.#insert = database.prepare('INSERT INTO spans VALUES (?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM spans WHERE lot = ? AND kind = ? AND start = ?');
    this.#sum = database.prepare(
      `SELECT coalesce(sum(max(0, min(stop, ?) - max(start, ?))), 0) AS n FROM spans WHERE lot = ? AND kind = ?`,
    );
  }

  /** The lowest index of the set within `range`, or undefined. */
  first(lot: number, kind: SpanKind, range: Range): number | undefined {
    const stop = range.from + range.count;
    const at = this.#find(this.#before, lot, kind, range.from);
    if (at && at.stop > range.from) return range.from;
    const next = this.#find(this.#after, lot, kind, range.from);
    return next && next.start < stop ? next.start : undefined;
  }

  /** Whether the whole range is in the set. */
  has(lot: number, kind: SpanKind, range: Range): boolean {
    const at = this.#find(this.#before, lot, kind, range.from);
    return at !== undefined && at.stop >= range.from + range.count;
  }

  /** Adds a range of which no index is in the set. */
  add(lot: number, kind: SpanKind, range: Range): void {
    let start = range.from;
    let stop = range.from + range.count;
    const before = this.#find(this.#before, lot, kind, start);
    if (before?.stop === start) {
      this.#delete.run(lot, kind, before.start);
      start = before.start;
    }
    const after = this.#find(this.#after, lot, kind, stop - 1);
    if (after?.start === stop) {
      this.#delete.run(lot, kind, after.start);
      stop = after.stop;
    }
    this.#insert.run(lot, kind, start, stop);
  }

  /** Removes a range that is wholly in the set. */
  remove(lot: number, kind: SpanKind, range: Range): void {
    const at = this.#find(this.#before, lot, kind, range.from);
    const stop = range.from + range.count;
    if (!at || at.stop < stop) throw new Error('indexes are removed that are not in the set');
    this.#delete.run(lot, kind, at.start);
    if (at.start < range.from) this.#insert.run(lot, kind, at.start, range.from);
    if (stop < at.stop) this.#insert.run(lot, kind, stop, at.stop);
  }

  /** How many indexes of the set are in `range`. */
  count(lot: number, kind: SpanKind, range: Range): number {
    const row = this.#sum.get(range.from + range.count, range.from, lot, kind) as { n: number };
    return row.n;
  }

  /** The set's ranges within `range`, ascending. */
  *ranges(lot: number, kind: SpanKind, within: Range): Generator<Range> {
    const end = within.from + within.count;
    const cut = ({ start, stop }: Span): Range | undefined => {
      const from = Math.max(start, within.from);
      const count = Math.min(stop, end) - from;
      return count > 0 ? { from, count } : undefined;
    };
    const first = this.#find(this.#before, lot, kind, within.from);
    const head = first && cut(first);
    if (head) yield head;
    for (let after = within.from; ;) {
      const page = this.#page.all(lot, kind, after) as Span[];
      for (const span of page) {
        const range = cut(span);
        if (!range) return;
        yield range;
        after = span.start;
      }
      if (page.length === 0) return;
    }
  }

  /** The parts of `range` that are not in the set, ascending. */
  *gaps(lot: number, kind: SpanKind, range: Range): Generator<Range> {
    let from = range.from;
    for (const held of this.ranges(lot, kind, range)) {
      if (held.from > from) yield { from, count: held.from - from };
      from = held.from + held.count;
    }
    const count = range.from + range.count - from;
    if (count > 0) yield { from, count };
  }

  #find(statement: SqlStatement, lot: number, kind: SpanKind, at: number): Span | undefined {
    return statement.get(lot, kind, at) as Span | undefined;
  }
}

interface Span extends SqlRow {
  readonly start: number;
  readonly stop: number;
}

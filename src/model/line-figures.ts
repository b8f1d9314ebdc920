import { REWORK_CODE } from './failure.ts';
import { IndexSet } from './index-set.ts';
import type { LotId } from './ids.ts';
import type { LedgerEvent } from './ledger-event.ts';
import { Samples } from './samples.ts';
import { sliceOf } from './time-slices.ts';

/** What came of units in one piece of time, in one slot, or in all. */
export interface Results {
  /** Units that had a result: verified on the device, or failed. */
  units: number;
  /** Of them: whose last result was a pass. */
  passed: number;
  /** Units that had their first result ever. */
  first: number;
  /** Of them: that passed with it. */
  firstPassed: number;
}

/** Failures of one kind, in one slot, of one operator or station. */
export interface Failures {
  /** Attempts in which a unit failed. */
  failed: number;
  /** Devices that got no unit, or gave it back before anything was written. */
  turnedAway: number;
  /** Attempts that passed, beside them; 0 for a code. */
  passed: number;
}

/** By what failures are counted. */
export type FailureTable = ReadonlyMap<string, Readonly<Failures>>;

/** Which events count. */
export interface FigureWindow {
  readonly lotId: LotId;
  /** In milliseconds since the epoch; `until` is the last that counts. */
  readonly since: number;
  readonly until: number;
  /** Width of a slice of time in milliseconds. */
  readonly sliceMs: number;
}

/** Names beyond this number count as one, so that memory stays flat. */
const MOST_NAMES = 1000;
const OTHERS = 'others';

/**
 * Adds up the events of one lot, ledger after ledger, each from its first event on: what came of units
 * over time, how long they took, and what failed where. A bit for each unit and four bytes for each
 * pass are all that it keeps.
 */
export class LineFigures {
  readonly total: Results = noResults();
  readonly slices = new Map<number, Results>();
  /** From the first event of a unit's visit to its pass. */
  readonly cycles = new Samples();
  readonly byCode = new Map<string, Failures>();
  readonly bySlot = new Map<string, Failures>();
  readonly byOperator = new Map<string, Failures>();
  readonly byStation = new Map<string, Failures>();
  readonly #window: FigureWindow;
  readonly #begun = new Map<number, number>();
  readonly #known = new IndexSet();
  readonly #seen = new IndexSet();
  readonly #good = new IndexSet();
  readonly #sliceSeen = new IndexSet();
  readonly #sliceGood = new IndexSet();
  #slice: number | undefined;

  constructor(window: FigureWindow) {
    this.#window = window;
  }

  /** The end of one ledger. */
  endLedger(): void {
    this.#closeSlice();
    this.#begun.clear();
    this.total.units = this.#seen.size;
    this.total.passed = this.#good.size;
  }

  /** Takes the next event of a ledger; other lots' change nothing. */
  take(event: LedgerEvent): void {
    if (!('lotId' in event) || event.lotId !== this.#window.lotId) return;
    const atMs = Date.parse(event.at);
    const counts = atMs >= this.#window.since && atMs <= this.#window.until;
    switch (event.type) {
      case 'reserved':
      case 'writing':
      case 'adopted':
        if (event.type !== 'writing' || !this.#begun.has(event.index)) {
          this.#begun.set(event.index, atMs);
        }
        return;
      case 'verified':
      case 'imported':
        this.#result(event, { atMs, counts, passed: true });
        return;
      case 'failed':
        if (event.code === REWORK_CODE) {
          if (counts) this.#takeBack(event.index, atMs);
          return;
        }
        this.#result(event, { atMs, counts, passed: false });
        return;
      case 'rejected':
        this.#result(event, { atMs, counts, passed: false });
        return;
      case 'released':
        this.#begun.delete(event.index);
        if (counts && event.code !== undefined) this.#count(event, 'turnedAway', event.code);
        return;
      case 'refused':
        if (counts) this.#count(event, 'turnedAway', event.code);
        return;
      default:
    }
  }

  #result(
    event: LedgerEvent<'verified' | 'imported' | 'failed' | 'rejected'>,
    found: { readonly atMs: number; readonly counts: boolean; readonly passed: boolean },
  ): void {
    const { index } = event;
    const { atMs, counts, passed } = found;
    const begunMs = this.#begun.get(index);
    this.#begun.delete(index);
    const isFirst = !this.#known.has(index);
    this.#known.add(index);
    if (!counts) return;
    if (passed && begunMs !== undefined) this.cycles.add(atMs - begunMs);
    this.#count(event, passed ? 'passed' : 'failed', 'code' in event ? event.code : undefined);
    const slice = this.#sliceAt(atMs);
    mark(this.#seen, this.#good, index, passed);
    mark(this.#sliceSeen, this.#sliceGood, index, passed);
    if (!isFirst) return;
    for (const results of [this.total, slice]) {
      results.first++;
      if (passed) results.firstPassed++;
    }
  }

  /** A person's decision that a unit is to be written again: it counts as passed no more, and nothing failed. */
  #takeBack(index: number, atMs: number): void {
    this.#good.delete(index);
    if (sliceOf(atMs, this.#window.sliceMs) === this.#slice) this.#sliceGood.delete(index);
  }

  #count(event: LedgerEvent, what: keyof Failures, code: string | undefined): void {
    const tables = [
      [this.byCode, code],
      [this.bySlot, event.slot],
      [this.byOperator, event.operator],
      [this.byStation, event.station],
    ] as const;
    for (const [table, name] of tables) {
      if (name === undefined) continue;
      const key = table.has(name) || table.size < MOST_NAMES ? name : OTHERS;
      const row = table.get(key) ?? { failed: 0, turnedAway: 0, passed: 0 };
      row[what]++;
      table.set(key, row);
    }
  }

  #sliceAt(atMs: number): Results {
    const start = sliceOf(atMs, this.#window.sliceMs);
    if (start !== this.#slice) {
      this.#closeSlice();
      this.#slice = start;
    }
    const slice = this.slices.get(start) ?? noResults();
    this.slices.set(start, slice);
    return slice;
  }

  /** The units of a slice are told apart within it alone. */
  #closeSlice(): void {
    const slice = this.#slice === undefined ? undefined : this.slices.get(this.#slice);
    if (slice) {
      slice.units += this.#sliceSeen.size;
      slice.passed += this.#sliceGood.size;
    }
    this.#sliceSeen.clear();
    this.#sliceGood.clear();
    this.#slice = undefined;
  }
}

/** A share from 0 to 1, or undefined of nothing. */
export function share(part: number, of: number): number | undefined {
  return of === 0 ? undefined : part / of;
}

function noResults(): Results {
  return { units: 0, passed: 0, first: 0, firstPassed: 0 };
}

function mark(seen: IndexSet, good: IndexSet, index: number, passed: boolean): void {
  seen.add(index);
  if (passed) good.add(index);
  else good.delete(index);
}

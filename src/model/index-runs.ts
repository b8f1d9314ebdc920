import { rangeEnd } from './range.ts';
import type { Range } from './range.ts';

/** A seal with more ranges says nothing that its rows do not say better. */
const MOST_RUNS = 1024;

/**
 * Collects ascending indexes as ranges that hold them all: exact ones, and where those would be more
 * than `most`, with the smallest gaps filled. No range reaches over the end of one of `within`.
 */
export class IndexRuns {
  readonly #within: readonly Range[];
  readonly #most: number;
  #runs: Run[] = [];
  /** The place in `within` at which the last index was found. */
  #place = 0;
  #count = 0;

  /** `within` is ascending and apart. */
  constructor(within: readonly Range[], most = MOST_RUNS) {
    this.#within = within;
    this.#most = most;
  }

  /** How many indexes were taken. */
  get count(): number {
    return this.#count;
  }

  /** Takes an index that is greater than all before; false for one that is in none of `within`. */
  add(index: number): boolean {
    let place = this.#within[this.#place];
    while (place && rangeEnd(place) <= index) place = this.#within[++this.#place];
    if (!place || index < place.from) return false;
    this.#count++;
    const last = this.#runs.at(-1);
    if (last?.place === this.#place && last.end === index) {
      last.end = index + 1;
      return true;
    }
    this.#runs.push({ from: index, end: index + 1, place: this.#place });
    if (this.#runs.length > 2 * this.#most) this.#close();
    return true;
  }

  /** The ranges so far, ascending and apart. */
  ranges(): Range[] {
    this.#close();
    return this.#runs.map(({ from, end }) => ({ from, count: end - from }));
  }

  /** Fills the smallest gaps. */
  #close(): void {
    const surplus = this.#runs.length - this.#most;
    if (surplus <= 0) return;
    const gaps = this.#runs.map((run, at) => gap(this.#runs[at - 1], run));
    const sorted = gaps.filter((size) => size < Infinity).sort((a, b) => a - b);
    const widest = sorted[Math.min(surplus, sorted.length) - 1] ?? 0;
    let equal = surplus - sorted.filter((size) => size < widest).length;
    const kept: Run[] = [];
    for (const [at, run] of this.#runs.entries()) {
      const size = gaps[at] ?? Infinity;
      const last = kept.at(-1);
      const fills = size < widest || (size === widest && equal-- > 0);
      if (last && fills) last.end = run.end;
      else kept.push(run);
    }
    this.#runs = kept;
  }
}

interface Run {
  readonly from: number;
  end: number;
  readonly place: number;
}

function gap(before: Run | undefined, run: Run): number {
  return before?.place === run.place ? run.from - before.end : Infinity;
}

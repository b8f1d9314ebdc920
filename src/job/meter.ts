import { throwIfAborted } from '../kernel/errors.ts';

/** How long a measurement lasts. */
export interface MeterLimits {
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

/** Counts from the end of a warm-up on: engines compile and workers start in the first fifth. */
export class Meter {
  readonly #limits: MeterLimits;
  readonly #bornMs = performance.now();
  #startMs = this.#bornMs;
  #isWarm = false;
  #units = 0;
  #nowMs = this.#bornMs;

  constructor(limits: MeterLimits) {
    this.#limits = limits;
  }

  /** Takes note of some more units; true when the time is up. */
  isOver(units: number): boolean {
    throwIfAborted(this.#limits.signal);
    this.#nowMs = performance.now();
    this.#units += units;
    const limitMs = this.#limits.seconds * 1000;
    if (!this.#isWarm && this.#nowMs - this.#bornMs > limitMs / 5) {
      this.#isWarm = true;
      this.#startMs = this.#nowMs;
      this.#units = 0;
    }
    return this.#nowMs - this.#startMs > limitMs;
  }

  get perSecond(): number {
    return Math.round((this.#units * 1000) / Math.max(this.#nowMs - this.#startMs, 0.001));
  }
}

const MOST = 2 ** 32 - 1;

/** Durations in whole milliseconds, four bytes each, of which quantiles are exact. */
export class Samples {
  #values = new Uint32Array(256);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds one; a clock that was set back makes it 0, and 49 days are the most. */
  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const more = new Uint32Array(this.#values.length * 2);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#count++] = Math.min(Math.max(Math.round(ms), 0), MOST);
  }

  /** The least value that at least this share of all does not exceed (nearest rank); undefined of none. */
  quantiles(shares: readonly number[]): (number | undefined)[] {
    const sorted = this.#values.slice(0, this.#count).sort();
    return shares.map((share) => sorted[Math.max(Math.ceil(share * this.#count), 1) - 1]);
  }
}

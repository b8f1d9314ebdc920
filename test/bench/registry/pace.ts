/** Milliseconds that requests took. */
export class Times {
  readonly #all: number[] = [];

  add(ms: number): void {
    this.#all.push(ms);
  }

  get count(): number {
    return this.#all.length;
  }

  get greatest(): number {
    return Math.max(...this.#all);
  }

  /** The time within which so many percent were answered. */
  percentile(percent: number): number {
    const sorted = this.#all.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
  }

  /** Median, p99 and the greatest. */
  toString(): string {
    const [half, most] = [this.percentile(50), this.percentile(99)].map((ms) => ms.toFixed(1));
    return `p50 ${half ?? ''} ms, p99 ${most ?? ''} ms, greatest ${this.greatest.toFixed(1)} ms of ${this.count}`;
  }
}

/** How often each line asks. */
export interface Pace {
  readonly lines: number;
  /** Of all lines together; one after the other without a pause unless given. */
  readonly perSecond?: number;
  readonly seconds: number;
}

/**
 * Lets lines ask at a steady pace that does not wait for answers to fall due: one that is late counts from
 * when it should have been sent. Resolves to the times of all requests.
 */
export async function paced(
  { lines, perSecond, seconds }: Pace,
  ask: (line: number, n: number) => Promise<unknown>,
): Promise<Times> {
  const times = new Times();
  const began = performance.now();
  const end = began + seconds * 1_000;
  const everyMs = perSecond === undefined ? 0 : (lines * 1_000) / perSecond;
  const one = async (line: number): Promise<void> => {
    let due = began + (everyMs * line) / lines;
    for (let n = 0; ; n++) {
      const wait = due - performance.now();
      if (everyMs > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const from = everyMs > 0 ? due : performance.now();
      if (from >= end) return;
      await ask(line, n);
      times.add(performance.now() - from);
      due += everyMs;
    }
  };
  await Promise.all(Array.from({ length: lines }, (_, line) => one(line)));
  return times;
}

/** What the work comes to, and how long it took. */
export async function timed<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly ms: number }> {
  const began = performance.now();
  const result = await work();
  return { result, ms: performance.now() - began };
}

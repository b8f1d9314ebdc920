import { createInterface } from 'node:readline';

/** Slot numbers that a person types, one a line. Nothing else, and not Enter alone, counts. */
export class OperatorInput implements Disposable {
  readonly #lines;
  readonly #waiting = new Map<number, () => void>();

  constructor(input: NodeJS.ReadableStream) {
    this.#lines = createInterface({ input });
    this.#lines.on('line', (line) => {
      const slot = Number(/^\s*(\d{1,3})\s*$/.exec(line)?.[1] ?? Number.NaN);
      const resolve = this.#waiting.get(slot);
      this.#waiting.delete(slot);
      resolve?.();
    });
  }

  /** Resolves when the slot's number was typed, or when the signal fires. */
  next(slot: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.set(slot, done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }
}

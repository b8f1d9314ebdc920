import { createInterface } from 'node:readline';
import type { ScanDesk } from '../job/scan-desk.ts';
import { KeylineError } from '../kernel/errors.ts';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: KeylineError) => void;
}

/**
 * Slot numbers that a person types, one a line. Nothing else, and not Enter alone, counts. Once the
 * input has ended nobody is waited for.
 */
export class OperatorInput implements Disposable {
  readonly #lines;
  readonly #waiting = new Map<number, Waiting>();
  #hasTyped = false;
  #isEnded = false;

  /** `scans` gets every other line, and the slot that a line names. */
  constructor(input: NodeJS.ReadableStream, scans?: ScanDesk) {
    this.#lines = createInterface({ input });
    this.#lines.on('line', (line) => {
      const typed = Number(/^\s*(\d{1,3})\s*$/.exec(line)?.[1] ?? Number.NaN);
      const slot = scans?.slotNamed(line) ?? typed;
      if (!this.#waiting.has(slot)) scans?.read(line);
      if (Number.isNaN(slot)) return;
      this.#hasTyped = true;
      this.#waiting.get(slot)?.resolve();
    });
    this.#lines.on('close', () => {
      this.#isEnded = true;
      for (const { reject } of [...this.#waiting.values()]) reject(this.#nobody());
      scans?.end(new KeylineError('scanner-gone', { message: 'the input of scans has ended' }));
    });
  }

  /**
   * Resolves when the slot's number was typed, or when the signal fires. Throws `usage` where nobody
   * ever typed one, `interrupted` for a slot whose person has no more boards.
   */
  next(slot: number, signal: AbortSignal): Promise<void> {
    if (this.#isEnded) return Promise.reject(this.#nobody());
    return new Promise((resolve, reject) => {
      const release = (): void => {
        this.#waiting.delete(slot);
        signal.removeEventListener('abort', done);
      };
      const done = (): void => {
        release();
        resolve();
      };
      const fail = (error: KeylineError): void => {
        release();
        reject(error);
      };
      this.#waiting.set(slot, { resolve: done, reject: fail });
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  #nobody(): KeylineError {
    const message = 'a slot waits for a person who types its number, and the input has ended';
    return this.#hasTyped
      ? new KeylineError('interrupted', { message })
      : new KeylineError('usage', {
          message,
          hint: 'Run the station at a terminal, or give the slot another presence in the jig.',
        });
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }
}

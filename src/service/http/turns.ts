import { setImmediate } from 'node:timers/promises';

/**
 * Lets so many pieces of work run at once, in the order asked for, each after a turn of the event loop: on
 * SQLite, whose answers come without one, thousands woken by one change would keep every other request out.
 */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** What `work` comes to, or its error. `work` asks for no turn itself. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await setImmediate();
      return await work();
    } finally {
      // Handed on as it is, so that nobody comes in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

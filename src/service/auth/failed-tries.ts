import { KeylineError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';

const WINDOW_MS = 60_000;
const MOST_TRIES = 10;
/** A flood of made-up names fills no more than this; then all that is new waits for the next minute. */
const MOST_NAMES = 100_000;

/**
 * Counts proofs that failed for each endpoint key and address, a minute at a time, in this process.
 * Both together, so that a stranger who knows an endpoint key cannot lock its device out.
 */
export class FailedTries {
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #windowStart = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws `rate-limited` after ten failures of this name within the minute. */
  check(endpointKey: string, address: string): void {
    this.#turn();
    const name = `${endpointKey} ${address}`;
    const count = this.#counts.get(name) ?? (this.#counts.size >= MOST_NAMES ? MOST_TRIES : 0);
    if (count < MOST_TRIES) return;
    const leftMs = this.#windowStart + WINDOW_MS - this.#clock.now().getTime();
    throw new KeylineError('rate-limited', {
      message: 'too many proofs of this endpoint key have failed in the last minute',
      facts: { retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1_000)) },
    });
  }

  /** Notes one more. */
  add(endpointKey: string, address: string): void {
    this.#turn();
    const name = `${endpointKey} ${address}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #turn(): void {
    const now = this.#clock.now().getTime();
    if (now >= this.#windowStart && now < this.#windowStart + WINDOW_MS) return;
    this.#counts.clear();
    this.#windowStart = now;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { KeylineError } from '../kernel/errors.ts';
import type { RegisterCounts } from '../registry/sealed-uploads.ts';
import { countWaiting, drainOutbox } from './drain-outbox.ts';
import type { OutboxParts } from './drain-outbox.ts';

/** What a run's outbox came to. */
export interface OutboxTally extends RegisterCounts {
  /** Units that passed and that the registry was not told of yet. */
  readonly waiting: number;
  /** Why, where they wait. */
  readonly trouble?: Pick<KeylineError, 'message'> | undefined;
}

const RETRY_MS = 15_000;

/**
 * Tells a registry of units while a station goes on: in the background, so that a registry that is slow,
 * away or wrong holds up and fails nothing. What it could not tell waits in the ledger.
 */
export class StationOutbox implements AsyncDisposable {
  readonly #parts: (signal: AbortSignal) => Promise<OutboxParts>;
  readonly #retryMs: number;
  readonly #ending = new AbortController();
  readonly #stop = new AbortController();
  readonly #counts = { created: 0, unchanged: 0, conflict: 0, invalid: 0 };
  readonly #ended: Promise<void>;
  #opened: OutboxParts | undefined;
  #trouble: Pick<KeylineError, 'message'> | undefined;
  /** Counted only for whom the parts could not be had. */
  #passed = 0;
  #wake: () => void = () => undefined;
  #isNudged = true;

  /** `parts` is asked again until it can be had: it may need the registry. */
  constructor(
    parts: (signal: AbortSignal) => Promise<OutboxParts>,
    { retryMs = RETRY_MS }: { readonly retryMs?: number } = {},
  ) {
    this.#parts = parts;
    this.#retryMs = retryMs;
    this.#stop.signal.addEventListener('abort', () => {
      this.#wake();
    });
    this.#ended = this.#work();
  }

  /** A unit passed. Returns at once. */
  nudge(): void {
    this.#passed++;
    this.#isNudged = true;
    this.#wake();
  }

  /** Tries once more, gives what waits so long to arrive, then ends. */
  async end(withinMs: number): Promise<OutboxTally> {
    this.#isNudged = true;
    this.#wake();
    this.#ending.abort();
    const timer = setTimeout(() => {
      this.#stop.abort();
    }, withinMs);
    await this.#ended;
    clearTimeout(timer);
    const waiting = this.#opened ? await countWaiting(this.#opened) : this.#passed;
    return { ...this.#counts, waiting, trouble: this.#trouble };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#stop.abort();
    await this.#ended;
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#isNudged = false;
      try {
        this.#opened ??= await this.#parts(signal);
        await drainOutbox(this.#opened, {
          signal,
          onResult: (_, { outcome }) => this.#counts[outcome]++,
        });
        this.#trouble = undefined;
        if (this.#isDone()) return;
        await this.#nudged();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#trouble = error as KeylineError;
        if (this.#ending.signal.aborted) return;
        await sleep(this.#retryMs, undefined, this.#ending).catch(() => undefined);
      }
    }
  }

  /** A unit may have passed since the ledger was read. */
  #isDone(): boolean {
    return this.#ending.signal.aborted && !this.#isNudged;
  }

  async #nudged(): Promise<void> {
    if (this.#isNudged || this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

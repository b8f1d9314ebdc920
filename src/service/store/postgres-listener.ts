import pg from 'pg';
import type { Client } from 'pg';
import type { Wakes } from './wakes.ts';

/** The channel on which processes wake each other; the payload is an id. */
export const CHANNEL = 'keyline_registry';

const PAUSES_MS = [50, 100, 200, 400, 800, 1_600, 3_000];

/**
 * One connection that hears what any process has committed (PostgreSQL, LISTEN). Where it is lost it
 * comes back by itself, and then tells everyone to look again, because something may have been missed.
 */
export class PostgresListener implements AsyncDisposable {
  readonly #connectionString: string;
  readonly #wakes: Wakes;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;
  #isOpen = true;

  constructor(connectionString: string, wakes: Wakes) {
    this.#connectionString = connectionString;
    this.#wakes = wakes;
  }

  /** Resolves once it listens; rejects with pg's error, and tries again until disposed. */
  async start(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'keyline registry (wakes)',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    this.#client = client;
    client.on('notification', ({ payload }: { payload?: string }) => {
      this.#wakes.tell(payload);
    });
    client.on('error', () => undefined); // `end` follows
    client.on('end', () => {
      this.#again(client);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      client.end().catch(() => undefined);
      this.#again(client);
      throw error;
    }
    this.#tries = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  /** Once for a client: one that fails while it connects says so by `end` and by a rejection. */
  #again(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (!this.#isOpen) return;
    const pauseMs = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => {
      this.start().then(
        () => {
          this.#wakes.tell(undefined);
        },
        () => undefined,
      );
    }, pauseMs);
  }
}

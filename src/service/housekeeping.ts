import type { FastifyBaseLogger } from 'fastify';
import type { Service } from './service.ts';
import { removeExpired } from './store/idempotency.ts';

const INTERVAL_MS = 60_000;
/** Rows of a table a turn: a transaction of a few milliseconds. */
const BATCH = 1_000;

/** Removes what has expired, a little every minute, until disposed. A turn that fails is tried at the next. */
export class Housekeeping implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor(service: Service, log: FastifyBaseLogger) {
    this.#timer = setInterval(() => {
      sweep(service).catch((error: unknown) => {
        log.warn({ err: error }, 'what has expired could not be removed');
      });
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** One turn: as long as there is a full batch, with everybody else's transactions between. */
export async function sweep({ store, closing }: Service): Promise<void> {
  for (;;) {
    const removed = await store.change({ actor: 'registry' }, (change) =>
      removeExpired(change, BATCH),
    );
    if (removed < BATCH || closing.aborted) return;
  }
}

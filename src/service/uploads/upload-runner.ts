import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FastifyBaseLogger } from 'fastify';
import { assetUrl } from '../../kernel/asset.ts';
import { ERROR_CATALOG } from '../../kernel/error-catalog.ts';
import { WakeSignal } from '../http/stream.ts';
import type { Service } from '../service.ts';
import { isPostgres } from '../store/open-store.ts';
import { takeOperation } from '../store/operations.ts';
import type { Operation } from '../store/operations.ts';
import { settleOneDead } from '../store/settle-upload.ts';
import { COMMIT_KIND } from '../store/uploads.ts';
import { failCommit } from './commit-upload.ts';

/** An operation whose process died is taken over so soon after its lease has ended. */
const LOOK_MS = 5_000;
const ORIGIN = { actor: 'registry' } as const;
/** A batch needs a tenth of it; without a limit V8 lets garbage lie. With young space for less, a third of the time is collecting. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/**
 * Carries out committed uploads one after the other until the service closes or it is disposed, in a worker
 * thread with a connection of its own.
 */
export class UploadRunner implements AsyncDisposable {
  readonly #service: Service;
  readonly #log: FastifyBaseLogger;
  readonly #database: string;
  /** A service that could not begin to listen never closes. */
  readonly #disposed = new AbortController();
  readonly #closing: AbortSignal;
  readonly #ended: Promise<void>;

  constructor(service: Service, log: FastifyBaseLogger, database: string) {
    this.#service = service;
    this.#log = log;
    this.#database = database;
    this.#closing = AbortSignal.any([service.closing, this.#disposed.signal]);
    this.#ended = this.#run();
  }

  /** Resolves once nothing is under way; what was not finished goes on at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { store } = this.#service;
    const closing = this.#closing;
    using woken = new WakeSignal(store, [COMMIT_KIND]);
    while (!closing.aborted) {
      try {
        const operation = await store.change(ORIGIN, (change) =>
          takeOperation(change, COMMIT_KIND),
        );
        if (operation) await this.#carryOut(operation);
        else if (!(await settleOneDead(store, closing))) await woken.wait(closing, LOOK_MS);
      } catch (error) {
        this.#log.error({ err: error }, 'an upload could not be taken up');
        await woken.wait(closing, LOOK_MS);
      }
    }
  }

  async #carryOut(operation: Operation): Promise<void> {
    const { store } = this.#service;
    const closing = this.#closing;
    try {
      await this.#inWorker(operation);
    } catch (error) {
      if (closing.aborted) return;
      // One that comes out of the worker's thread has its code and is no KeylineError any more.
      const { code: found = '' } = store.explain(error) as { code?: string };
      const code = Object.hasOwn(ERROR_CATALOG, found) ? found : 'registry-failed';
      this.#log.error({ err: error, operation: operation.id, problem: code }, 'an upload failed');
      // What passes by itself is tried again when the lease has ended.
      if (code === 'registry-unavailable' || code === 'state-conflict') return;
      await failCommit(store, operation, { code });
    }
  }

  async #inWorker(operation: Operation): Promise<void> {
    const { store } = this.#service;
    const closing = this.#closing;
    const workerData = { database: this.#database, operation };
    const url = assetUrl('upload-worker.js');
    // PostgreSQL's password and certificates are in the environment.
    const env = isPostgres(this.#database) ? process.env : {};
    const options = { workerData, env, execArgv: [], resourceLimits: LIMITS };
    const worker = new Worker(url, { ...options, name: 'keyline-upload' });
    // It ends by itself after the part in hand: a thread that is torn out of a call into
    // @photostructure/sqlite 1.2.1 takes the whole process with it (SIGABRT).
    const stop = (): void => {
      worker.postMessage('stop');
    };
    if (closing.aborted) stop();
    closing.addEventListener('abort', stop);
    let waking = Promise.resolve();
    worker.on('message', (ids: readonly string[]) => {
      if (isPostgres(this.#database)) return;
      // The worker's SQLite connection wakes nobody in this thread.
      waking = waking
        .then(() =>
          store.change(ORIGIN, (change) => {
            for (const id of ids) change.wake(id);
            return Promise.resolve();
          }),
        )
        .catch(() => undefined);
    });
    try {
      await once(worker, 'exit');
    } finally {
      closing.removeEventListener('abort', stop);
      await waking;
    }
  }
}

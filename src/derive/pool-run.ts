import { throwIfAborted } from '../kernel/errors.ts';
import type { JobRequest, Reply } from './job-messages.ts';
import type { Pool } from './pool.ts';
import type { RowOrder } from './row-maker.ts';

/** Enough that no worker waits for the main thread, which is then at its own part of the work. */
const JOBS_PER_WORKER = 3;

/** A job ready to be posted. */
export interface ReadyJob {
  readonly job: JobRequest;
  readonly transfer: readonly ArrayBuffer[];
}

/** One run of a pool: its number, unique in the process, and what its jobs are made of. */
export interface RunOptions {
  readonly run: number;
  readonly order: RowOrder;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has jobs done by a pool, a few for each worker in flight, and gives their replies in the jobs'
 * order. Jobs are taken from `jobs` when there is room. However it ends, no job is at work any more
 * when it has ended, and replies that nobody took are wiped.
 */
export async function* runInOrder(
  pool: Pool,
  jobs: Iterator<ReadyJob>,
  { run, order, signal }: RunOptions,
): AsyncGenerator<Reply> {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const halt = (): void => {
    Atomics.store(new Int32Array(stop), 0, 1);
  };
  signal?.addEventListener('abort', halt);
  pool.begin({ type: 'begin', run, stop, lot: order.lot, plan: order.plan });
  const inFlight: Promise<Reply>[] = [];
  try {
    for (;;) {
      throwIfAborted(signal);
      while (inFlight.length < pool.size * JOBS_PER_WORKER) {
        const next = jobs.next();
        if (next.done) break;
        const reply = pool.do(next.value.job, next.value.transfer);
        // It is awaited in its turn; until then a failure is not unhandled.
        reply.catch(() => undefined);
        inFlight.push(reply);
      }
      const first = inFlight.shift();
      if (!first) return;
      yield await first;
    }
  } finally {
    halt();
    signal?.removeEventListener('abort', halt);
    for (const result of await Promise.allSettled(inFlight)) {
      if (result.status === 'fulfilled') wipeReply(result.value);
    }
    pool.end(run);
  }
}

function wipeReply(reply: Reply): void {
  if (reply.type === 'rows') reply.memory.fill(0);
}

import { compileRow } from '../model/compile-row.ts';
import type { Range } from '../model/range.ts';
import { requireInside } from './deriver.ts';
import type { DeriveSource } from './derive-source.ts';
import { takeSecrets, transferOf } from './job-secrets.ts';
import { jobRanges } from './job-sizes.ts';
import { compileKernel } from './kernel/module.ts';
import { runInOrder } from './pool-run.ts';
import type { ReadyJob } from './pool-run.ts';
import { Pool } from './pool.ts';
import { engineName } from './row-engine.ts';
import type { Engine } from './row-engine.ts';
import type { RowOrder } from './row-maker.ts';
import { needsOf } from './row-needs.ts';
import type { RowSource } from './row-source.ts';
import { canPlace, placeChunks } from './seal-chunks.ts';

const FIRST_BYTES = 65_536;

/** A row source over `count` worker threads, which end with its disposal. */
export function createPooledRows(engine: Engine, count: number): RowSource {
  const module = engine === 'fast' ? compileKernel() : undefined;
  const pool = new Pool(count, { engine, module });
  let runs = 0;
  return {
    engine: `${engineName(engine)}, ${count} ${count === 1 ? 'worker' : 'workers'}`,
    canWriteAt: ({ lot }, plan) => canPlace({ lot, plan }),
    async *stream(source, range, plan, { signal } = {}) {
      requireInside(source.lot, range);
      const order = { lot: source.lot, plan };
      const run = runs++;
      const free: Uint8Array<ArrayBuffer>[] = [];
      const jobs = rowsJobs(source, order, { range, run, free });
      for await (const reply of runInOrder(pool, jobs, { run, order, signal })) {
        if (reply.type !== 'rows') throw new Error('a reply came to another kind of job');
        const { memory, sizeBytes } = reply;
        const bytes = memory.subarray(0, sizeBytes);
        const { from, count: rows } = reply.range;
        yield { from, count: rows, bytes, [Symbol.dispose]: () => void bytes.fill(0) };
        bytes.fill(0);
        free.push(memory);
      }
    },
    async *writeAt(source, range, plan, { fd, signal, onProgress }) {
      requireInside(source.lot, range);
      const order = { lot: source.lot, plan };
      const run = runs++;
      const jobs = writeJobs(source, order, { range, run, fd });
      let done = 0;
      for await (const reply of runInOrder(pool, jobs, { run, order, signal })) {
        if (reply.type !== 'written') throw new Error('a reply came to another kind of job');
        done += reply.chunk.count;
        onProgress?.(done);
        yield reply.chunk;
      }
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** `free` is memory that came back; a job's own is part of it again once its rows were taken. */
function* rowsJobs(
  source: DeriveSource,
  order: RowOrder,
  {
    range: whole,
    run,
    free,
  }: { readonly range: Range; readonly run: number; readonly free: Uint8Array<ArrayBuffer>[] },
): Generator<ReadyJob> {
  const needs = needsOf(compileRow(order.lot, order.plan));
  for (const range of jobRanges(order, whole)) {
    const secrets = takeSecrets(source, range, needs);
    const memory = free.pop() ?? new Uint8Array(FIRST_BYTES);
    yield {
      job: { type: 'rows', run, range, secrets, memory },
      transfer: [...transferOf(secrets), memory.buffer],
    };
  }
}

function* writeJobs(
  source: DeriveSource,
  order: RowOrder,
  { range, run, fd }: { readonly range: Range; readonly run: number; readonly fd: number },
): Generator<ReadyJob> {
  for (const place of placeChunks(order, range)) {
    const secrets = takeSecrets(source, place.range, {});
    yield {
      job: { type: 'write', run, place, fd, secrets },
      transfer: transferOf(secrets),
    };
  }
}

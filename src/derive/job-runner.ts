import { KeylineError } from '../kernel/errors.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type {
  BeginMessage,
  FromWorker,
  Job,
  RowsJob,
  WorkerStart,
  WriteJob,
} from './job-messages.ts';
import { postError } from './job-error.ts';
import { postedSecrets } from './job-secrets.ts';
import { openRowMaker } from './row-engine.ts';
import type { RowMaker } from './row-maker.ts';

interface Run {
  readonly maker: RowMaker;
  readonly stop: Int32Array;
}

/** What a worker does with its messages, apart from the thread it does it in. */
export class JobRunner implements Disposable {
  readonly #start: WorkerStart;
  readonly #runs = new Map<number, Run>();

  constructor(start: WorkerStart) {
    this.#start = start;
  }

  async begin({ run, lot, plan, stop }: BeginMessage): Promise<void> {
    const maker = await openRowMaker({ lot, plan }, this.#start);
    this.#runs.set(run, { maker, stop: new Int32Array(stop) });
  }

  /** Wipes what the run left in memory. */
  end(run: number): void {
    this.#runs.get(run)?.maker[Symbol.dispose]();
    this.#runs.delete(run);
  }

  /** Does a job, and wipes the secrets that came with it. */
  do(job: Job): FromWorker {
    using secrets = postedSecrets(job.secrets);
    try {
      const run = this.#runs.get(job.run);
      if (!run) throw new Error('a job came without its run');
      return job.type === 'rows' ? makeRows(run, job, secrets) : writeRows(run, job, secrets);
    } catch (error) {
      return { type: 'failed', job: job.job, error: postError(error) };
    }
  }

  [Symbol.dispose](): void {
    for (const run of this.#runs.keys()) this.end(run);
  }
}

function makeRows(run: Run, { job, range, memory }: RowsJob, secrets: LotSecrets): FromWorker {
  let all = memory;
  let sizeBytes = 0;
  try {
    for (const { bytes } of run.maker.rows(secrets, range)) {
      expectGoingOn(run);
      if (sizeBytes + bytes.length > all.length) all = enlarged(all, sizeBytes + bytes.length);
      all.set(bytes, sizeBytes);
      sizeBytes += bytes.length;
    }
  } catch (error) {
    all.fill(0);
    throw error;
  }
  return { type: 'rows', job, range, memory: all, sizeBytes };
}

function enlarged(memory: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(memory.length * 2, least));
  larger.set(memory);
  memory.fill(0);
  return larger;
}

function writeRows(run: Run, { job, place, fd }: WriteJob, secrets: LotSecrets): FromWorker {
  const writer = new ChunkWriter(fd, place.position);
  expectGoingOn(run);
  writer.write(place.header, 0);
  for (const { bytes, count } of run.maker.rows(secrets, place.range)) {
    expectGoingOn(run);
    writer.write(bytes, count);
  }
  return { type: 'written', job, chunk: writer.finish() };
}

/** The main thread cannot interrupt a worker, but a worker looks here after each piece. */
function expectGoingOn({ stop }: Run): void {
  if (Atomics.load(stop, 0) !== 0) {
    throw new KeylineError('interrupted', { message: 'interrupted' });
  }
}

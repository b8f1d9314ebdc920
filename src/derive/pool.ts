import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type {
  BeginMessage,
  FromWorker,
  JobRequest,
  Reply,
  ToWorker,
  WorkerStart,
} from './job-messages.ts';
import { receiveError } from './job-error.ts';
import { workerLocation } from './worker-location.ts';
import type { WorkerLocation } from './worker-location.ts';

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

interface Member {
  readonly worker: Worker;
  /** Jobs posted and not answered, by number. */
  readonly waiting: Map<number, Waiting>;
}

/**
 * Worker threads that do jobs. Each does its own one after the other; a job goes to whoever has the
 * fewest. When a worker dies, its jobs and all later ones fail: nothing waits for ever.
 */
export class Pool implements AsyncDisposable {
  readonly #members: Member[];
  #jobs = 0;
  #broken: Error | undefined;
  #closing = false;

  /** Starts `count` threads; they take 40 to 100 ms to be there, and jobs wait for them. */
  constructor(count: number, start: WorkerStart, location: WorkerLocation = workerLocation()) {
    this.#members = Array.from({ length: count }, () => this.#open(start, location));
  }

  get size(): number {
    return this.#members.length;
  }

  /** Tells every worker of a run. */
  begin(message: BeginMessage): void {
    this.#broadcast(message);
  }

  /** Lets every worker wipe what a run left, after the jobs posted before. */
  end(run: number): void {
    this.#broadcast({ type: 'end', run });
  }

  /** Posts a job; `transfer` is the sender's no more. Rejects with what the job threw. */
  do(request: JobRequest, transfer: readonly ArrayBuffer[]): Promise<Reply> {
    if (this.#broken) return Promise.reject(this.#broken);
    const job = this.#jobs++;
    const member = this.#members.reduce((least, other) =>
      other.waiting.size < least.waiting.size ? other : least,
    );
    return new Promise((resolve, reject) => {
      member.waiting.set(job, { resolve, reject });
      member.worker.postMessage({ ...request, job }, transfer);
    });
  }

  /** Ends every worker after the job it is at; stop runs first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const ends = this.#members.map(async ({ worker }) => {
      // A worker that is gone already has thread id −1.
      if (worker.threadId === -1) return;
      const end = once(worker, 'exit');
      worker.postMessage({ type: 'close' } satisfies ToWorker);
      await end;
    });
    await Promise.all(ends);
  }

  #open(start: WorkerStart, { url, execArgv }: WorkerLocation): Member {
    const worker = new Worker(url, { workerData: start, execArgv, env: {}, name: 'keyline-rows' });
    const member: Member = { worker, waiting: new Map() };
    worker.on('message', (message: FromWorker) => {
      const waiting = member.waiting.get(message.job);
      member.waiting.delete(message.job);
      if (message.type === 'failed') waiting?.reject(receiveError(message.error));
      else waiting?.resolve(message);
    });
    worker.on('error', (error: unknown) => {
      this.#break(member, `a worker thread failed: ${reasonOf(error)}`);
    });
    worker.on('exit', () => {
      if (!this.#closing || member.waiting.size > 0) this.#break(member, 'a worker thread ended');
    });
    return member;
  }

  #broadcast(message: ToWorker): void {
    for (const { worker } of this.#members) worker.postMessage(message);
  }

  /** The first reason stays: an `error` is followed by an `exit`. */
  #break(member: Member, message: string): void {
    this.#broken ??= new Error(message);
    for (const waiting of member.waiting.values()) waiting.reject(this.#broken);
    member.waiting.clear();
  }
}

/** Its message alone: what a worker throws may hold on to more. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason given';
}

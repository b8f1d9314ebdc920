import type { Range } from '../model/range.ts';
import type { WrittenChunk } from './chunk-writer.ts';
import type { PostedError } from './job-error.ts';
import type { PostedSecrets } from './job-secrets.ts';
import type { Engine } from './row-engine.ts';
import type { RowOrder } from './row-maker.ts';
import type { ChunkPlace } from './seal-chunks.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly engine: Engine;
  /** Compiled once; workers share its machine code. */
  readonly module: WebAssembly.Module | undefined;
}

/** Opens a run: jobs of one order, until its `end`. */
export interface BeginMessage extends RowOrder {
  readonly type: 'begin';
  readonly run: number;
  /** An Int32Array of one; not 0 once the run's jobs are to stop. */
  readonly stop: SharedArrayBuffer;
}

/** Asks for rows as bytes, into `memory` where that is large enough. */
export interface RowsJob {
  readonly type: 'rows';
  readonly run: number;
  readonly job: number;
  readonly range: Range;
  readonly secrets: PostedSecrets;
  readonly memory: Uint8Array<ArrayBuffer>;
}

/** Asks for a seal chunk to be written at its place. */
export interface WriteJob {
  readonly type: 'write';
  readonly run: number;
  readonly job: number;
  readonly place: ChunkPlace;
  readonly fd: number;
  readonly secrets: PostedSecrets;
}

export type Job = RowsJob | WriteJob;
/** A job before the pool gives it its number. */
export type JobRequest = Omit<RowsJob, 'job'> | Omit<WriteJob, 'job'>;
export type Reply = RowsReply | WrittenReply;

/** What a worker is told; it does one after the other. */
export type ToWorker =
  BeginMessage | Job | { readonly type: 'end'; readonly run: number } | { readonly type: 'close' };

/** Rows of a job; `memory` belongs to the receiver, its first `sizeBytes` are the rows. */
export interface RowsReply {
  readonly type: 'rows';
  readonly job: number;
  readonly range: Range;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly sizeBytes: number;
}

export interface WrittenReply {
  readonly type: 'written';
  readonly job: number;
  readonly chunk: WrittenChunk;
}

/** What a worker tells: one message for each job. */
export type FromWorker =
  Reply | { readonly type: 'failed'; readonly job: number; readonly error: PostedError };

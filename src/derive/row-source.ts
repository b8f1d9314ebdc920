import type { Range } from '../model/range.ts';
import type { RowPlan } from '../model/row-template.ts';
import type { WrittenChunk } from './chunk-writer.ts';
import type { DeriveSource } from './derive-source.ts';

/** Rows of consecutive units; wiped on disposal, or when the next are asked for. */
export interface RowChunk extends Disposable {
  readonly from: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** What streaming can be told. */
export interface StreamOptions {
  readonly signal?: AbortSignal;
}

/** Where rows are written to. */
export interface WriteAtOptions extends StreamOptions {
  /** Open for writing, a regular file, empty; stays the caller's and must stay open to the end. */
  readonly fd: number;
  /** Rows written so far, in all. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * A lot's rows as a manifest holds them, by whatever this machine does fastest. Any range gives the
 * same bytes as that part of the whole. Throws `range-outside-lot`, `outside-grant`,
 * `invalid-columns`, and `interrupted` within a batch of an abort.
 */
export interface RowSource extends AsyncDisposable {
  /** What it chose, for people: `WebAssembly SIMD, 2 workers`, `portable, 1 thread`. */
  readonly engine: string;
  /** True where `writeAt` can compute each row's place: psk. */
  canWriteAt(source: DeriveSource, plan: RowPlan): boolean;
  /** Rows in order and without the header line, at most 8,192 and about 1 MiB at once. */
  stream(
    source: DeriveSource,
    range: Range,
    plan: RowPlan,
    options?: StreamOptions,
  ): AsyncIterable<RowChunk>;
  /**
   * Writes header line and rows at their places from file offset 0, and tells of each seal chunk of
   * 65,536 rows in order. Nothing is being written any more once it has ended, also by a throw.
   * Errors of writing are the operating system's.
   */
  writeAt(
    source: DeriveSource,
    range: Range,
    plan: RowPlan,
    options: WriteAtOptions,
  ): AsyncIterable<WrittenChunk>;
}

import type { ByteSink } from './byte-sink.ts';

/**
 * Where a manifest ends up. Bytes are written through `write`, or, for a regular file, at their own
 * offsets through `fd`. Disposal without a commit leaves no file behind.
 */
export interface Output extends ByteSink, AsyncDisposable {
  /** The path, or `-`. */
  readonly name: string;
  /** A regular file takes writes at any offset, appears whole at its commit and can have a seal beside it. */
  readonly kind: 'file' | 'direct';
  /** Descriptor of a regular file that is being written. */
  readonly fd: number | undefined;
  /** Makes the bytes durable; a pipe or a device has nothing to sync. */
  sync(): Promise<void>;
  /** Moves a regular file to its name; `sync` has been called. */
  commit(): Promise<void>;
  /** Takes a committed file back, for when its companion cannot be committed. */
  retract(): Promise<void>;
}

/** How an output is opened. */
export interface OutputOptions {
  /** True makes a regular file 0600. */
  readonly secret: boolean;
  readonly force: boolean;
  /** Files that the command reads, which the output may not be; in a folder among them it may not lie. */
  readonly inputs?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

import { isErrno } from '../kernel/errors.ts';

/** What became of an output stream since it is watched; disposing of it ends the watch. */
export interface WatchedOutput extends Disposable {
  /** Fires when nothing more can be written: the reader went away, or the disk is full. */
  readonly lost: AbortSignal;
  /** Throws what the stream said, unless its reader just went away. */
  throwIfFailed(): void;
}

/**
 * Takes the errors of a stream over from whoever listens, who would end the process: a run must first
 * finish what is in its hands.
 */
export function watchOutput(stream: NodeJS.WritableStream): WatchedOutput {
  const others = stream.listeners('error') as ((error: Error) => void)[];
  const lost = new AbortController();
  let failure: Error | undefined;
  const onError = (error: Error): void => {
    failure ??= error;
    lost.abort();
  };
  stream.removeAllListeners('error');
  stream.on('error', onError);
  return {
    lost: lost.signal,
    throwIfFailed: () => {
      // EIO: a terminal that was closed.
      const isGone = isErrno(failure, 'EPIPE') || isErrno(failure, 'EIO');
      if (failure && !isGone) throw failure;
    },
    [Symbol.dispose]: () => {
      for (const other of others) stream.on('error', other);
      stream.off('error', onError);
    },
  };
}

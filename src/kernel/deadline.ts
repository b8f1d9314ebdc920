import { KeylineError } from './errors.ts';

/** What ends a wait early. */
export interface DeadlineOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The error to throw at the deadline. */
  readonly late: () => Error;
}

/**
 * What `work` settles to, unless the deadline or the signal (`interrupted`) is first. The work itself
 * goes on; a rejection of it that comes later is dropped. No timer or listener is left behind.
 */
export async function withDeadline<T>(work: Promise<T>, options: DeadlineOptions): Promise<T> {
  const { timeoutMs, signal, late } = options;
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(late());
    }, timeoutMs);
    onAbort = () => {
      reject(new KeylineError('interrupted', { message: 'interrupted' }));
    };
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
}

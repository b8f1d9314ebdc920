import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { KeylineError } from '../../kernel/errors.ts';
import type { Service } from '../service.ts';
import type { Store } from '../store/store.ts';

/** Often enough that no proxy takes the connection for dead. */
const HEARTBEAT_MS = 15_000;

/** What ended a wait. */
export type WaitEnd = 'woken' | 'timeout' | 'aborted';

/**
 * Resolves when one of `ids` was changed, something may have been missed, or `signal` or `timeoutMs`
 * ended the wait. It listens from the call on: call it before the look whose result it continues.
 */
export class WakeSignal implements Disposable {
  readonly #watch: Disposable;
  #isWoken = false;
  #wake: (() => void) | undefined;

  constructor(store: Store, ids: readonly string[]) {
    this.#watch = store.watch(() => {
      this.#now();
    }, ids);
  }

  /** Resolves at once where it was woken since the last wait. */
  async wait(signal: AbortSignal, timeoutMs: number): Promise<WaitEnd> {
    if (signal.aborted) return 'aborted';
    const end = this.#isWoken ? 'woken' : await this.#sleep(signal, timeoutMs);
    this.#isWoken = false;
    return end;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #sleep(signal: AbortSignal, timeoutMs: number): Promise<WaitEnd> {
    return new Promise((resolve) => {
      const settle = (end: WaitEnd): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        resolve(end);
      };
      const onAbort = (): void => {
        settle('aborted');
      };
      const timer = setTimeout(settle, timeoutMs, 'timeout');
      signal.addEventListener('abort', onAbort);
      this.#wake = () => {
        settle('woken');
      };
    });
  }

  #now(): void {
    this.#isWoken = true;
    this.#wake?.();
  }
}

/** One of a stream of server-sent events (HTML Living Standard, section 9.2). */
export interface SentEvent {
  readonly id: string;
  readonly event: string;
  /** Put on one line as JSON. */
  readonly data: unknown;
}

/** Where a stream's events come from. */
export interface EventSource {
  /** What there is now. */
  next(): Promise<readonly SentEvent[] | 'end'>;
  /** Until there may be more. */
  wait(signal: AbortSignal, timeoutMs: number): Promise<WaitEnd>;
}

/**
 * Sends batches of events until the service closes or the reader goes away. A slow reader holds back the
 * next batch and nothing else. A database that does not answer holds the stream up and does not end it.
 */
export async function sendEvents(
  reply: FastifyReply,
  { store, closing }: Pick<Service, 'store' | 'closing'>,
  source: EventSource,
): Promise<void> {
  // Of its two kinds only this one is ever made: there is no HTTP/2.
  const raw: ServerResponse = reply.raw;
  reply.hijack();
  const gone = new AbortController();
  raw.on('close', () => {
    gone.abort();
  });
  const ended = AbortSignal.any([closing, gone.signal]);
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.setHeader('cache-control', 'no-store');
  raw.setHeader('x-accel-buffering', 'no');
  raw.writeHead(200, { 'content-type': 'text/event-stream' });
  raw.flushHeaders();
  try {
    while (!ended.aborted) {
      const events = await orNothing(store, source.next());
      if (events === 'end') break;
      const text = events.map(frame).join('');
      if (text !== '' && !raw.write(text)) await once(raw, 'drain', { signal: ended });
      if (events.length > 0) continue;
      if ((await source.wait(ended, HEARTBEAT_MS)) === 'timeout') raw.write(':\n\n');
    }
  } catch (error) {
    // The status is sent: the reader sees the end and comes back with its last id.
    if (!ended.aborted) reply.log.error({ err: error }, 'a stream failed');
  } finally {
    raw.end();
  }
}

/** What there is, or nothing while the database does not answer: the store wakes all once it does. */
async function orNothing<T>(store: Store, next: Promise<T>): Promise<T | readonly SentEvent[]> {
  try {
    return await next;
  } catch (error) {
    const explained = store.explain(error);
    if (explained instanceof KeylineError && explained.code === 'registry-unavailable') return [];
    throw error;
  }
}

function frame({ id, event, data }: SentEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

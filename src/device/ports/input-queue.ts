import { concat } from '../../kernel/bytes.ts';
import { KeylineError, throwIfAborted } from '../../kernel/errors.ts';
import type { ReadOptions } from './port.ts';

/** What may lie unread. A device that talks to nobody for hours must not fill the memory. */
const MOST_BYTES = 4 * 1024 * 1024;

interface Reader {
  readonly settle: () => void;
  readonly fail: (error: Error) => void;
}

/**
 * What came in and was not read. Beyond 4 MiB the oldest bytes are dropped: a terminal's scroll-back
 * does the same. After `end`, what is left is still read before the failure is thrown.
 */
export class InputQueue {
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  #reader: Reader | undefined;
  #failure: Error | undefined;

  /** Takes ownership of `chunk`. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.#failure) return;
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    while (this.#sizeBytes > MOST_BYTES && this.#chunks.length > 1) {
      const oldest = this.#chunks.shift();
      this.#sizeBytes -= oldest?.length ?? 0;
      oldest?.fill(0);
    }
    this.#reader?.settle();
  }

  /** No more will come: a read throws `failure` once the queue is empty. Only the first call counts. */
  end(failure: Error): void {
    this.#failure ??= failure;
    if (this.#sizeBytes === 0) this.#reader?.fail(this.#failure);
  }

  /** Wipes what is there; an echoed secret may be in it. */
  clear(): void {
    for (const chunk of this.#chunks) chunk.fill(0);
    this.#chunks = [];
    this.#sizeBytes = 0;
  }

  /** See Port.read. */
  async read(options: ReadOptions): Promise<Uint8Array | undefined> {
    throwIfAborted(options.signal);
    if (this.#sizeBytes > 0) return this.#takeAll();
    if (this.#failure) throw this.#failure;
    if (this.#reader) throw new Error('two reads of one port at a time');
    await this.#arrival(options);
    return this.#sizeBytes > 0 ? this.#takeAll() : undefined;
  }

  /** Settles with the first byte or at the deadline. */
  #arrival({ timeoutMs, signal }: ReadOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const release = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#reader = undefined;
      };
      const reader: Reader = {
        settle: () => {
          release();
          resolve();
        },
        fail: (error) => {
          release();
          reject(error);
        },
      };
      const onAbort = (): void => {
        reader.fail(new KeylineError('interrupted', { message: 'interrupted' }));
      };
      const timer = setTimeout(reader.settle, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#reader = reader;
    });
  }

  #takeAll(): Uint8Array {
    const [first, ...rest] = this.#chunks;
    const all = first && rest.length === 0 ? first : concat(...this.#chunks);
    if (all !== first) for (const chunk of this.#chunks) chunk.fill(0);
    this.#chunks = [];
    this.#sizeBytes = 0;
    return all;
  }
}

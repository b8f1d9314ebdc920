import { withDeadline } from '../../kernel/deadline.ts';
import { throwIfAborted } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { InputQueue } from './input-queue.ts';
import type { InputLines, OutputLines, Port, ReadOptions, WriteOptions } from './port.ts';

/** What one kind of line has to give; LinePort adds order, deadlines, abort and the end of the line. */
export interface Line {
  /** Resolves when the line took all bytes; they are wiped after that. May never settle. */
  send(bytes: Buffer): Promise<void>;
  /** Releases every handle; called once. `unsent`: a write is still at work and is to be dropped. */
  close(unsent: boolean): Promise<void>;
  /** Forgets what has come as far as the other end holds it. */
  discardInput?(): void;
  setLines?(lines: OutputLines): Promise<void>;
  lines?(): Promise<InputLines | undefined>;
}

/** What a port is called and how fast it is. */
export interface LineFacts {
  readonly address: string;
  readonly bitsPerSecond: number | undefined;
}

/** Bytes given to the line at once: what may still go out after a write was given up. */
const SLICE_BYTES = 4096;
const SLOWEST_WRITE_MS = 5_000;

/** A port over any kind of line. Its adapter calls `received` and `lost`. */
export class LinePort implements Port {
  readonly address: string;
  readonly bitsPerSecond: number | undefined;
  readonly closed: Promise<void>;

  readonly #line: Line;
  readonly #input = new InputQueue();
  /** One for each write at work: the end of the line ends them. */
  readonly #writers = new Set<(failure: Error) => void>();
  #isSending = false;
  #lastWrite: Promise<void> = Promise.resolve();
  #failure: DeviceFailure | undefined;
  #closing: Promise<void> | undefined;
  #markClosed: () => void = () => undefined;

  constructor(facts: LineFacts, line: Line) {
    this.address = facts.address;
    this.bitsPerSecond = facts.bitsPerSecond;
    this.#line = line;
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
  }

  /** The adapter got bytes; they are the port's from now on. */
  received(chunk: Uint8Array): void {
    this.#input.push(chunk);
  }

  /** The adapter lost the line, with the reason that readers and writers are to see. Repeats are ignored. */
  lost(failure: DeviceFailure): void {
    void this.#close(failure);
  }

  read(options: ReadOptions): Promise<Uint8Array | undefined> {
    return this.#input.read(options);
  }

  async write(bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    if (this.#failure) throw this.#failure;
    const timeoutMs = options.timeoutMs ?? this.#patienceMs(bytes.length);
    const turn = { isGivenUp: false };
    const sending = this.#sendInTurn(Buffer.from(bytes), turn);
    let stop: ((failure: Error) => void) | undefined;
    const gone = new Promise<never>((_resolve, reject) => {
      stop = reject;
      this.#writers.add(reject);
    });
    try {
      await withDeadline(Promise.race([sending, gone]), {
        timeoutMs,
        signal: options.signal,
        late: () => new DeviceFailure('timeout', `${this.address} took no bytes for too long`),
      });
    } finally {
      turn.isGivenUp = true;
      if (stop) this.#writers.delete(stop);
    }
  }

  discardInput(): void {
    this.#input.clear();
    if (!this.#failure) this.#line.discardInput?.();
  }

  async setLines(lines: OutputLines): Promise<void> {
    if (!this.#failure) await this.#line.setLines?.(lines);
  }

  async lines(): Promise<InputLines | undefined> {
    return this.#failure ? undefined : await this.#line.lines?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.clear();
    await this.#close(new DeviceFailure('port-gone', `${this.address} is closed`));
  }

  /** Bytes of one write never mix with another's; the copy is wiped, whatever happens. */
  #sendInTurn(copy: Buffer, turn: { readonly isGivenUp: boolean }): Promise<void> {
    const sending = this.#lastWrite
      .then(async () => {
        for (let at = 0; at < copy.length && !turn.isGivenUp; at += SLICE_BYTES) {
          await this.#send(copy.subarray(at, at + SLICE_BYTES));
        }
      })
      .finally(() => copy.fill(0));
    // The next one waits for the end of this one, not for its success.
    this.#lastWrite = sending.catch(() => undefined);
    return sending;
  }

  async #send(slice: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#isSending = true;
    try {
      await this.#line.send(slice);
    } catch {
      // A line that refuses bytes is gone; what its library says of that is of no use to anybody.
      throw this.#end(new DeviceFailure('port-gone', `${this.address} went away`));
    } finally {
      this.#isSending = false;
    }
  }

  /** Returns what ended the port: `failure`, unless something else was first. */
  #end(failure: DeviceFailure): DeviceFailure {
    void this.#close(failure);
    return this.#failure ?? failure;
  }

  #close(failure: DeviceFailure): Promise<void> {
    this.#closing ??= (async () => {
      this.#failure = failure;
      this.#input.end(failure);
      for (const stop of this.#writers) stop(failure);
      this.#writers.clear();
      try {
        await this.#line.close(this.#isSending);
      } finally {
        this.#markClosed();
      }
    })();
    return this.#closing;
  }

  #patienceMs(sizeBytes: number): number {
    const perByteMs = this.bitsPerSecond === undefined ? 1 : 10_000 / this.bitsPerSecond;
    return SLOWEST_WRITE_MS + 2 * sizeBytes * perByteMs;
  }
}

import type { ByteSource } from './byte-sink.ts';

/** A view of a few hundred kilobytes that moves over a stream of any length. */
export class ByteWindow implements AsyncDisposable {
  readonly #blocks: AsyncIterator<Uint8Array>;
  #buffer = new Uint8Array(512 * 1024);
  #start = 0;
  #end = 0;
  #isEnd = false;

  constructor(source: ByteSource) {
    this.#blocks = source[Symbol.asyncIterator]();
  }

  /** What is held; lent until the next `fill`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Whether the stream has ended behind what is held. */
  get isAtEnd(): boolean {
    return this.#isEnd;
  }

  /** Reads until `size` bytes are held or the stream ends; returns whether they are. */
  async fill(size: number): Promise<boolean> {
    while (this.length < size && !this.#isEnd) {
      const next = await this.#blocks.next();
      if (next.done === true) this.#isEnd = true;
      else this.#append(next.value);
    }
    return this.length >= size;
  }

  /** Moves past `size` bytes, which are held. */
  skip(size: number): void {
    this.#start += size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#buffer.fill(0);
    await this.#blocks.return?.();
  }

  #append(block: Uint8Array): void {
    const { length } = this;
    if (this.#end + block.length > this.#buffer.length) {
      const held = this.bytes;
      if (length + block.length > this.#buffer.length / 2) {
        // Twice what is needed, or every block would move all that is held.
        this.#buffer = new Uint8Array(2 * (length + block.length));
        this.#buffer.set(held);
        held.fill(0);
      } else {
        this.#buffer.copyWithin(0, this.#start, this.#end);
      }
      this.#start = 0;
      this.#end = length;
    }
    this.#buffer.set(block, this.#end);
    this.#end += block.length;
  }
}

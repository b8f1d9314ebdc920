import type { ByteSink } from './byte-sink.ts';

/** Counts the bytes that go through it. */
export class CountingSink implements ByteSink {
  readonly #below: ByteSink;
  #sizeBytes = 0;

  constructor(below: ByteSink) {
    this.#below = below;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#below.write(bytes);
    this.#sizeBytes += bytes.length;
  }

  end(): Promise<void> {
    return this.#below.end();
  }
}

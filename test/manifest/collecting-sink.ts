import type { ByteSink } from '../../src/manifest/byte-sink.ts';

/** A sink that keeps copies of what it was lent; with `failAt` it fails once that many bytes came. */
export class CollectingSink implements ByteSink {
  readonly #blocks: Uint8Array[] = [];
  readonly #failAt: number;
  ended = 0;

  constructor(failAt = Infinity) {
    this.#failAt = failAt;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#blocks);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.#blocks.push(Uint8Array.from(bytes));
    if (this.bytes.length >= this.#failAt) {
      throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
    }
  }

  end(): Promise<void> {
    this.ended++;
    return Promise.resolve();
  }
}

import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';

/** One seal chunk in a file. */
export interface WrittenChunk {
  readonly count: number;
  readonly sizeBytes: number;
  /** Of the chunk's bytes, the header line of chunk 0 included. */
  readonly sha256: Uint8Array;
}

/** Writes a seal chunk at its place in a file and digests it on the way. */
export class ChunkWriter {
  readonly #fd: number;
  readonly #hash = createHash('sha256');
  readonly #start: number;
  #at: number;
  #count = 0;

  /** `position` is the chunk's first byte in the file; the descriptor stays the caller's. */
  constructor(fd: number, position: number) {
    this.#fd = fd;
    this.#start = position;
    this.#at = position;
  }

  /** Where the next bytes come. */
  get position(): number {
    return this.#at;
  }

  /** Throws the operating system's error, such as ENOSPC or EFBIG. */
  write(bytes: Uint8Array, rows: number): void {
    this.#hash.update(bytes);
    // A write may take less than it is given; a full disk says so at the next one.
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#at + done);
    }
    this.#at += bytes.length;
    this.#count += rows;
  }

  finish(): WrittenChunk {
    const sizeBytes = this.#at - this.#start;
    return { count: this.#count, sizeBytes, sha256: this.#hash.digest() };
  }
}

import { createHash } from 'node:crypto';
import type { RowFormat } from '../model/row-template.ts';
import { ROWS_PER_CHUNK } from '../seals/manifest-seal.ts';
import { endOfRows } from './row-ends.ts';

/** A chunk of a manifest, as its seal names it. */
export interface ChunkDigest {
  /** Hexadecimal SHA-256 of the chunk's bytes; chunk 0 begins with the CSV header line. */
  readonly sha256: string;
  readonly count: number;
}

/**
 * Digests of a manifest's chunks while its bytes go by. Bytes come in any number of whole rows; a
 * portion that crosses the end of a chunk is split there.
 */
export class ChunkDigests {
  readonly #format: RowFormat;
  readonly #done: ChunkDigest[] = [];
  #hash = createHash('sha256');
  #rows = 0;
  #sizeBytes = 0;

  constructor(format: RowFormat) {
    this.#format = format;
  }

  /** Chunks that are complete, in order. */
  get done(): readonly ChunkDigest[] {
    return this.#done;
  }

  /** The CSV header line, before the first row. */
  addHeader(bytes: Uint8Array): void {
    this.#update(bytes);
  }

  /** `rows` whole rows, whose bytes are only read. */
  addRows(bytes: Uint8Array, rows: number): void {
    let rest = bytes;
    let left = rows;
    while (this.#rows + left >= ROWS_PER_CHUNK) {
      const room = ROWS_PER_CHUNK - this.#rows;
      const end = room === left ? rest.length : endOfRows(rest, room, this.#format);
      this.#update(rest.subarray(0, end));
      this.#rows = ROWS_PER_CHUNK;
      this.#close();
      rest = rest.subarray(end);
      left -= room;
    }
    this.#update(rest);
    this.#rows += left;
  }

  /** Closes the last chunk and returns all; a manifest without rows has one chunk, its header. */
  finish(): readonly ChunkDigest[] {
    if (this.#sizeBytes > 0) this.#close();
    return this.#done;
  }

  #update(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#hash.update(bytes);
    this.#sizeBytes += bytes.length;
  }

  #close(): void {
    this.#done.push({ sha256: this.#hash.digest('hex'), count: this.#rows });
    this.#hash = createHash('sha256');
    this.#rows = 0;
    this.#sizeBytes = 0;
  }
}

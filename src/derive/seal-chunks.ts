import { utf8 } from '../kernel/bytes.ts';
import { compileRow, headerLine } from '../model/compile-row.ts';
import type { Range } from '../model/range.ts';
import { rangeEnd } from '../model/range.ts';
import type { RowOrder } from './row-maker.ts';
import { rowsBytes, rowWidth } from './row-width.ts';
import type { RowWidth } from './row-width.ts';

/** Rows in each chunk that a seal digests, but the last. */
export const CHUNK_ROWS = 65_536;

/** One chunk's rows and its place in the file. */
export interface ChunkPlace {
  readonly range: Range;
  /** Of its first byte; chunk 0 begins with the header line. */
  readonly position: number;
  /** The header line for chunk 0, else empty. */
  readonly header: Uint8Array;
}

/** True where the place of every chunk can be computed, and writing is what limits. */
export function canPlace(order: RowOrder): boolean {
  return order.lot.scheme === 'psk' && widthOf(order) !== undefined;
}

/** Where each chunk of a range's rows comes. Throws where that cannot be computed. */
export function* placeChunks(order: RowOrder, range: Range): Generator<ChunkPlace> {
  const width = widthOf(order);
  if (!width) throw new Error('rows without a fixed width have no place in a file');
  let header = utf8(headerLine(order.plan));
  let position = 0;
  for (let from = range.from; from < rangeEnd(range); from += CHUNK_ROWS) {
    const chunk = { from, count: Math.min(CHUNK_ROWS, rangeEnd(range) - from) };
    yield { range: chunk, position, header };
    position += header.length + rowsBytes(width, chunk);
    header = new Uint8Array();
  }
}

function widthOf({ lot, plan }: RowOrder): RowWidth | undefined {
  return rowWidth(compileRow(lot, plan), lot.scheme);
}

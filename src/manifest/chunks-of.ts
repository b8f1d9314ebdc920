import type { RowFormat } from '../model/row-template.ts';
import { ROWS_PER_CHUNK } from '../seals/manifest-seal.ts';
import type { ByteSource } from './byte-sink.ts';
import { wholeRows } from './row-ends.ts';

/** Where rows are counted anew: often enough that no more than a chunk and this much is held. */
const STEP_BYTES = 1024 * 1024;

/**
 * A manifest's plaintext cut where its seal has it: the header line and 65,536 rows, then 65,536 rows
 * each, the rest last. Each chunk is the taker's own.
 */
export async function* chunksOf(source: ByteSource, format: RowFormat): AsyncGenerator<Uint8Array> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let sinceBytes = 0;
  let wanted = ROWS_PER_CHUNK + (format === 'csv' ? 1 : 0);
  for await (const block of source) {
    held.push(Buffer.from(block)); // a copy: blocks are lent
    heldBytes += block.length;
    sinceBytes += block.length;
    if (sinceBytes < STEP_BYTES) continue;
    sinceBytes = 0;
    let bytes = Buffer.concat(held, heldBytes);
    for (;;) {
      const { rows, end } = wholeRows(bytes, wanted, format);
      if (rows < wanted) break;
      yield bytes.subarray(0, end);
      bytes = bytes.subarray(end);
      wanted = ROWS_PER_CHUNK;
    }
    held = [bytes];
    heldBytes = bytes.length;
  }
  let bytes = Buffer.concat(held, heldBytes);
  while (bytes.length > 0) {
    const { rows, end } = wholeRows(bytes, wanted, format);
    const size = rows === wanted ? end : bytes.length;
    yield bytes.subarray(0, size);
    bytes = bytes.subarray(size);
    wanted = ROWS_PER_CHUNK;
  }
}

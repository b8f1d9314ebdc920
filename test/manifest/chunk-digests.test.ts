import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ChunkDigests } from '../../src/manifest/chunk-digests.ts';

const ROWS = 150_000;
const HEADER = 'serial,public_key\n';

/** Rows with quoted line feeds here and there, as PEM columns have them. */
function row(index: number): string {
  return index % 7 === 0 ? `S-${index},"a\nb ""c"" ${index}\n"\n` : `S-${index},plain\n`;
}

const rows = Array.from({ length: ROWS }, (_, index) => row(index));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const expected = [
  sha256(HEADER + rows.slice(0, 65_536).join('')),
  sha256(rows.slice(65_536, 131_072).join('')),
  sha256(rows.slice(131_072).join('')),
];

describe('chunk digests', () => {
  test('cover 65,536 rows each, the first with the header, however the rows come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1 }), (sizes) => {
        const digests = new ChunkDigests('csv');
        digests.addHeader(Buffer.from(HEADER));
        for (let at = 0, turn = 0; at < ROWS; turn++) {
          const count = Math.max(sizes[turn % sizes.length] ?? 1, 5_000);
          const portion = rows.slice(at, at + count);
          digests.addRows(Buffer.from(portion.join('')), portion.length);
          at += count;
        }
        const done = digests.finish();
        expect(done.map((chunk) => chunk.sha256)).toEqual(expected);
        expect(done.map((chunk) => chunk.count)).toEqual([65_536, 65_536, ROWS - 131_072]);
      }),
      { numRuns: 10 },
    );
  });

  test('have no empty chunk at the end of a manifest of exactly 65,536 rows', () => {
    const digests = new ChunkDigests('ndjson');
    digests.addRows(Buffer.from('{}\n'.repeat(65_536)), 65_536);
    expect(digests.finish()).toEqual([{ sha256: sha256('{}\n'.repeat(65_536)), count: 65_536 }]);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rowsBytes, rowWidth } from '../../src/derive/row-width.ts';
import { COLUMNS } from '../../src/model/columns.ts';
import type { ColumnChoice } from '../../src/model/columns.ts';
import { compileRow } from '../../src/model/compile-row.ts';
import { createRowRenderer } from '../../src/model/render-row.ts';
import { SCHEMES } from '../../src/model/lot.ts';
import type { Scheme } from '../../src/model/lot.ts';
import type { Unit } from '../../src/model/unit.ts';
import { testLot } from './lots.ts';

function unitOf(scheme: Scheme, index: number): Unit {
  return {
    index,
    secret: new Uint8Array(32),
    endpointKey: new Uint8Array(16),
    publicKey: new Uint8Array(scheme === 'ed25519' ? 44 : 91),
    claimCode: new Uint8Array(10),
    certificate: new Uint8Array(400),
  };
}

it.each(SCHEMES)('says how long %s rows of every column and format are', (scheme) => {
  for (const [name, { formats, schemes }] of Object.entries(COLUMNS)) {
    if (!schemes.some((known) => known === scheme) || name === 'certificate') continue;
    for (const format of formats) {
      for (const text of ['csv', 'ndjson'] as const) {
        const lot = testLot(scheme, { model: 'ü, "x"', serialTemplate: '{n:12}-{luhn}' });
        const parts = compileRow(lot, {
          format: text,
          columns: [{ name, format } as ColumnChoice],
        });
        const row = createRowRenderer(parts, lot)(unitOf(scheme, 7));
        const width = rowWidth(parts, scheme);
        expect(width && rowsBytes(width, { from: 7, count: 1 })).toBe(Buffer.byteLength(row));
      }
    }
  }
});

it('gives no width to rows with certificates', () => {
  const columns = [{ name: 'certificate', format: 'hex' }] as const;
  const parts = compileRow(testLot('x509-p256'), { format: 'csv', columns });
  expect(rowWidth(parts, 'x509-p256')).toBeUndefined();
});

it('counts the digits of indexes over every power of ten', () => {
  const width = { fixedBytes: 3, indexes: 2 };
  const starts = fc.oneof(
    fc.nat(120_000),
    fc.integer({ min: 1, max: 14 }).map((power) => 10 ** power - 5),
  );
  fc.assert(
    fc.property(starts, fc.integer({ min: 1, max: 200 }), (from, count) => {
      const indexes = Array.from({ length: count }, (_, at) => String(from + at));
      const bytes = indexes.reduce((sum, index) => sum + 3 + 2 * index.length, 0);
      expect(rowsBytes(width, { from, count })).toBe(bytes);
    }),
  );
});

import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWindow } from '../../src/manifest/byte-window.ts';
import { parseCsvRow } from '../../src/manifest/csv-row.ts';
import { RowReader } from '../../src/manifest/row-reader.ts';

const text = fc.string({
  unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é', '\u{1f511}', '7'),
  maxLength: 8,
});
/** One empty field alone is a line that csv-parse leaves out. */
const rows = fc
  .integer({ min: 2, max: 4 })
  .chain((width) =>
    fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: 1 }),
  );

async function* cut(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function read(file: string, size = 64): Promise<{ lines: number[]; fields: unknown[] }> {
  await using window = new ByteWindow(cut(Buffer.from(file), size));
  const reader = new RowReader(window, 'csv');
  const found = { lines: [] as number[], fields: [] as unknown[] };
  for (;;) {
    const block = await reader.peek(3);
    if (!block) return found;
    for (const row of block.rows) {
      const parsed = parseCsvRow(row.text);
      found.lines.push(row.line);
      found.fields.push(row.problem ?? ('fields' in parsed ? parsed.fields : 'bad'));
    }
    expect(block.rows.reduce((sum, row) => sum + row.sizeBytes, 0)).toBe(block.bytes.length);
    reader.skip(block.bytes);
  }
}

describe('CSV rows', () => {
  test('are read as csv-parse reads what csv-stringify wrote', async () => {
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 40 }), async (values, size) => {
        const file = stringify(values);
        const { fields } = await read(file, size);
        expect(fields).toEqual(parse(file));
      }),
      { numRuns: 200 },
    );
  });

  test('know the line on which they begin, over values of several lines', async () => {
    const { lines } = await read('a,b\n"1\n2\n3",x\nc,d\n"4\n",y\n');
    expect(lines).toEqual([1, 2, 5, 6]);
  });

  test.each([
    ['a"b,c', 0],
    ['a,"b"c', 1],
    ['a,"b', 1],
    ['a,""b', 1],
  ])('%s has a quote where none may be', (row, badField) => {
    expect(parseCsvRow(row)).toEqual({ badField });
  });

  test('after a quote that stays open are read on from the next line', async () => {
    const { fields } = await read('a,b\n"c,d\ne,f\n');
    expect(fields).toEqual([['a', 'b'], 'unclosed-quote', ['e', 'f']]);
  });

  test('longer than 1 MiB are given up without being held', async () => {
    const { fields } = await read(`a,b\n${'x'.repeat(3_000_000)}\nc,d\n`, 65_536);
    expect(fields.at(0)).toEqual(['a', 'b']);
    expect(fields.at(-1)).toEqual(['c', 'd']);
    expect(fields).toContain('row-too-long');
  });
});

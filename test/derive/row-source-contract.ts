import { createHash } from 'node:crypto';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeriveSource } from '../../src/derive/derive-source.ts';
import type { RowSource } from '../../src/derive/rows.ts';
import { toCrockford } from '../../src/kernel/bytes.ts';
import { COLUMNS, parseColumns } from '../../src/model/columns.ts';
import type { ColumnName } from '../../src/model/columns.ts';
import { idBytes } from '../../src/model/ids.ts';
import { SCHEMES } from '../../src/model/lot.ts';
import type { Lot, Scheme } from '../../src/model/lot.ts';
import { BLOCK_UNITS, INDEX_LIMIT } from '../../src/model/range.ts';
import type { Range } from '../../src/model/range.ts';
import type { RowFormat, RowPlan } from '../../src/model/row-template.ts';
import { independentUnit } from './independent.ts';
import { grantedSecrets, testLot, VECTORS, vectorSecrets } from './lots.ts';
import { portableRows, portableUnits } from './portable-rows.ts';

const FAST_COLUMNS = ['index', 'serial', 'endpoint_key', 'endpoint_secret'];
const LOT_SECRET = Buffer.from(VECTORS.lots[0].lotSecretHex, 'hex');

/** What every row source holds to, in this thread or on workers, fast or portable. */
export function describeRowSource(name: string, open: () => Promise<RowSource>): void {
  describe(name, () => {
    let rows: RowSource;
    let folder: string;
    beforeAll(async () => {
      rows = await open();
      folder = mkdtempSync(join(tmpdir(), 'keyline-rows-'));
    });
    afterAll(async () => {
      await rows[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    it('says what it is', () => {
      expect(rows.engine).toMatch(/^(WebAssembly SIMD|portable), (1 thread|\d+ workers?)$/);
    });

    it('streams psk rows that node:crypto and csv-stringify agree with, over any boundary', async () => {
      const lot = testLot('psk', { serialTemplate: 'X{n:15}/{luhn}' });
      await fc.assert(
        fc.asyncProperty(boundaryRanges(300), async (range) => {
          const text = await streamText(rows, sourceOf(lot), range, planOf('csv', FAST_COLUMNS));
          const expected = Array.from({ length: range.count }, (_, at) =>
            independentRow(range.from + at),
          );
          expect(text).toBe(stringify(expected));
        }),
        { numRuns: 6 },
      );
    });

    it.each(SCHEMES)(
      'streams every column of %s in every format as the portable way does',
      async (scheme) => {
        const lot = testLot(scheme);
        const source = sourceOf(lot);
        // Over an index that gets longer and over the end of a block.
        for (const range of [
          { from: 9_999, count: 2 },
          { from: 4_094, count: 4 },
        ]) {
          const units = await portableUnits(source, range);
          for (const plan of everyPlan(scheme)) {
            const text = await streamText(rows, source, range, plan);
            expect(text).toBe(portableRows(source, units, plan));
          }
        }
      },
    );

    it('gives for any range that part of the whole, streamed and written', async () => {
      const lot = testLot('psk');
      const plan = planOf('csv', FAST_COLUMNS);
      const whole = { from: 98_765, count: 10_000 };
      const lines = (await streamText(rows, sourceOf(lot), whole, plan)).match(/.*\n/g) ?? [];
      const parts = fc.tuple(fc.nat(whole.count - 1), fc.integer({ min: 1, max: 6_000 }));
      await fc.assert(
        fc.asyncProperty(parts, async ([start, length]) => {
          const count = Math.min(length, whole.count - start);
          const range = { from: whole.from + start, count };
          const expected = lines.slice(start, start + count).join('');
          expect(await streamText(rows, sourceOf(lot), range, plan)).toBe(expected);
          const file = await writeFile(rows, { source: sourceOf(lot), range, plan, folder });
          expect(file.text).toBe(`index,serial,endpoint_key,endpoint_secret\n${expected}`);
        }),
        { numRuns: 5 },
      );
    });

    it('lends rows in order, and few at once', async () => {
      const range = { from: 5, count: 30_000 };
      const plan = planOf('csv', FAST_COLUMNS);
      let next = range.from;
      for await (const chunk of rows.stream(sourceOf(testLot('psk')), range, plan)) {
        expect(chunk.from).toBe(next);
        expect(chunk.count).toBeLessThanOrEqual(8192);
        expect(chunk.bytes.length).toBeLessThanOrEqual(2 ** 20 + 2 ** 16);
        next += chunk.count;
        chunk[Symbol.dispose]();
      }
      expect(next).toBe(range.from + range.count);
    });

    it('writes seal chunks of 65,536 rows that their digests are true of', async () => {
      // The portable way takes its time.
      const whole = rows.engine.startsWith('portable') ? [65_536] : [65_536, 65_536];
      const counts = [...whole, 10];
      const range = { from: 99_990, count: counts.reduce((sum, count) => sum + count) };
      const plan = planOf('ndjson', FAST_COLUMNS);
      const { chunks, bytes } = await writeFile(rows, {
        source: sourceOf(testLot('psk')),
        range,
        plan,
        folder,
      });
      expect(chunks.map((chunk) => chunk.count)).toEqual(counts);
      let at = 0;
      for (const { sizeBytes, sha256 } of chunks) {
        const chunk = bytes.subarray(at, at + sizeBytes);
        expect(createHash('sha256').update(chunk).digest()).toEqual(Buffer.from(sha256));
        at += sizeBytes;
      }
      expect(at).toBe(bytes.length);
      expect(lineNumbers(bytes)).toEqual({
        first: 99_990,
        last: 99_989 + range.count,
        count: range.count,
      });
    });

    it('offers places in a file for psk alone', () => {
      const plan = planOf('csv', ['serial', 'endpoint_key']);
      const offered = SCHEMES.filter((scheme) => rows.canWriteAt(sourceOf(testLot(scheme)), plan));
      expect(offered).toEqual(['psk']);
    });

    it('makes of a grant the rows that the owner makes', async () => {
      const range = { from: 4094, count: 4 };
      for (const scheme of ['x509-p256', 'azure-dps'] as const) {
        const owner = sourceOf(testLot(scheme));
        const units = await portableUnits(owner, range);
        const table = new Map(units.map((unit) => [unit.index, unit.certificate ?? unit.secret]));
        const tables = { certificates: table, deviceKeys: table };
        const granted = { lot: owner.lot, secrets: grantedSecrets(VECTORS.lots[0], tables) };
        const plan = everyPlan(scheme)[0] ?? planOf('csv', ['index']);
        const expected = portableRows(owner, units, plan);
        expect(await streamText(rows, granted, range, plan)).toBe(expected);
        const beyond = streamText(rows, granted, { from: 4094, count: 5 }, plan);
        await expect(beyond).rejects.toMatchObject({ code: 'outside-grant' });
      }
    });

    it('stops within a batch of an abort, streaming and writing', async () => {
      const source = sourceOf(testLot('psk'));
      const range = { from: 0, count: 1e9 };
      const plan = planOf('csv', FAST_COLUMNS);
      const soon = new AbortController();
      setImmediate(() => {
        soon.abort();
      });
      const endless = async (): Promise<void> => {
        // Whoever takes rows as fast as they come must not keep the signal from being seen.
        for await (const chunk of rows.stream(source, range, plan, { signal: soon.signal })) {
          expect(chunk.from).toBeLessThan(1e8);
        }
      };
      await expect(endless()).rejects.toMatchObject({ code: 'interrupted' });

      const streaming = new AbortController();
      let after = 0;
      const stream = async (): Promise<void> => {
        for await (const chunk of rows.stream(source, range, plan, { signal: streaming.signal })) {
          if (streaming.signal.aborted) after++;
          if (chunk.from > 20_000) streaming.abort();
        }
      };
      await expect(stream()).rejects.toMatchObject({ code: 'interrupted' });
      expect(after).toBe(0);

      const writing = new AbortController();
      const signal = writing.signal;
      const path = join(folder, 'aborted');
      const fd = openSync(path, 'w');
      const write = async (): Promise<void> => {
        setImmediate(() => {
          writing.abort();
        });
        let written = 0;
        for await (const chunk of rows.writeAt(source, range, plan, { fd, signal })) {
          written += chunk.count;
        }
        expect(written).toBe(range.count);
      };
      await expect(write()).rejects.toMatchObject({ code: 'interrupted' });
      closeSync(fd);
      // Nobody writes after the end: as many bytes later as now.
      const size = readFileSync(path).length;
      await streamText(rows, source, { from: 0, count: 50_000 }, plan);
      expect(readFileSync(path).length).toBe(size);
      rmSync(path);
    });

    it('is done with its jobs and free for others after a break', async () => {
      const source = sourceOf(testLot('psk'));
      const plan = planOf('csv', FAST_COLUMNS);
      for await (const chunk of rows.stream(source, { from: 0, count: 1e9 }, plan)) {
        if (chunk.from > 10_000) break;
      }
      const range = { from: 1, count: 3 };
      const expected = portableRows(source, await portableUnits(source, range), plan);
      expect(await streamText(rows, source, range, plan)).toBe(expected);
    });

    it('wipes rows after their turn or leaves none to be read', async () => {
      const plan = planOf('csv', ['endpoint_secret:hex']);
      const seen: { bytes: Uint8Array; text: string }[] = [];
      const secrets = vectorSecrets(VECTORS.lots[0]);
      const source = { lot: testLot('psk'), secrets };
      for await (const chunk of rows.stream(source, { from: 0, count: 30_000 }, plan)) {
        seen.push({ bytes: chunk.bytes, text: Buffer.from(chunk.bytes).toString().slice(0, 64) });
      }
      for (const { bytes, text } of seen) expect(Buffer.from(bytes).includes(text)).toBe(false);
      for (const secret of secrets.lent) expect(() => secret.use((bytes) => bytes)).toThrow();
    });

    it('passes on what the operating system says of a full disk', async () => {
      const fd = openSync('/dev/full', 'w');
      const write = async (): Promise<void> => {
        const source = sourceOf(testLot('psk'));
        const plan = planOf('csv', FAST_COLUMNS);
        for await (const { count } of rows.writeAt(source, { from: 0, count: 9 }, plan, { fd })) {
          expect(count).toBe(0);
        }
      };
      await expect(write()).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'write' });
      closeSync(fd);
    });

    it('refuses units that the lot does not have', async () => {
      const source = sourceOf(testLot('psk', { size: 10, spare: 0 }));
      const run = streamText(rows, source, { from: 5, count: 6 }, planOf('csv', ['serial']));
      await expect(run).rejects.toMatchObject({ code: 'range-outside-lot' });
    });
  });
}

function sourceOf(lot: Lot): DeriveSource {
  return { lot, secrets: vectorSecrets(VECTORS.lots[0]) };
}

function planOf(format: RowFormat, columns: readonly string[]): RowPlan {
  return { format, columns: parseColumns(columns) };
}

/** Plans in which each column of the scheme stands in each of its formats. */
function everyPlan(scheme: Scheme): RowPlan[] {
  const names = (Object.keys(COLUMNS) as ColumnName[]).filter((name) =>
    COLUMNS[name].schemes.includes(scheme),
  );
  return [0, 1, 2, 3, 4, 5].flatMap((turn) => {
    const columns = names.map((name) => {
      const { formats } = COLUMNS[name];
      return { name, format: formats[turn % formats.length] ?? 'text' };
    });
    return [
      { format: 'csv', columns },
      { format: 'ndjson', columns },
    ] as const;
  });
}

function boundaryRanges(most: number): fc.Arbitrary<Range> {
  const boundary = fc.oneof(
    fc.integer({ min: 1, max: INDEX_LIMIT / BLOCK_UNITS - 1 }).map((block) => block * BLOCK_UNITS),
    fc.integer({ min: 3, max: 14 }).map((power) => 10 ** power),
    fc.constantFrom(2 ** 32, INDEX_LIMIT),
  );
  return fc
    .tuple(boundary, fc.integer({ min: 1, max: most }), fc.nat(most))
    .map(([at, count, before]) => ({
      from: Math.max(0, Math.min(at - before, INDEX_LIMIT - count)),
      count,
    }));
}

/** Index, serial `X{n:15}/{luhn}`, endpoint key and secret by nothing of src but Crockford's letters. */
function independentRow(index: number): string[] {
  const { secret, endpointKey } = independentUnit('psk', index, {
    lotSecret: LOT_SECRET,
    provisioningKey: idBytes(VECTORS.provisioningKey),
  });
  const number = String(index).padStart(15, '0');
  const serial = `X${number}/${luhnOf(number)}`;
  const name = `ek_${toCrockford(endpointKey)}`;
  return [String(index), serial, name, `es_${secret.toString('base64url')}`];
}

/** The digit with which the usual check of a whole number comes out even: tried, not computed. */
function luhnOf(digits: string): string {
  const passes = (text: string): boolean =>
    [...text].reverse().reduce((sum, digit, at) => {
      const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
      return sum + Math.floor(value / 10) + (value % 10);
    }, 0) %
      10 ===
    0;
  return [...'0123456789'].find((check) => passes(digits + check)) ?? '';
}

async function streamText(
  rows: RowSource,
  source: DeriveSource,
  range: Range,
  plan: RowPlan,
): Promise<string> {
  let text = '';
  for await (const chunk of rows.stream(source, range, plan)) {
    text += Buffer.from(chunk.bytes).toString();
    chunk[Symbol.dispose]();
  }
  return text;
}

async function writeFile(
  rows: RowSource,
  {
    source,
    range,
    plan,
    folder,
  }: { source: DeriveSource; range: Range; plan: RowPlan; folder: string },
) {
  const path = join(folder, 'rows');
  const fd = openSync(path, 'w');
  const chunks = [];
  const progress: number[] = [];
  const onProgress = (done: number): void => void progress.push(done);
  for await (const chunk of rows.writeAt(source, range, plan, { fd, onProgress })) {
    chunks.push(chunk);
  }
  closeSync(fd);
  expect(progress.at(-1)).toBe(range.count);
  const bytes = readFileSync(path);
  return { chunks, bytes, text: bytes.toString() };
}

function lineNumbers(ndjson: Buffer): { first: number; last: number; count: number } {
  const lines = ndjson.toString().trimEnd().split('\n');
  const indexes = lines.map((line) => Number(/^\{"index":(\d+),/.exec(line)?.[1]));
  expect(indexes.every((index, at) => index === (indexes[0] ?? NaN) + at)).toBe(true);
  return { first: indexes[0] ?? NaN, last: indexes.at(-1) ?? NaN, count: lines.length };
}

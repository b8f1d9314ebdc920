import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRowSource } from '../../src/derive/rows.ts';
import type { RowSource } from '../../src/derive/rows.ts';
import { openBatch } from '../../src/job/make-batch.ts';
import type { OpenLot } from '../../src/job/open-lot.ts';
import { writeManifest } from '../../src/job/write-manifest.ts';
import { IssueList } from '../../src/manifest/issue.ts';
import { ManifestCheck } from '../../src/manifest/manifest-check.ts';
import type { PublicKeys } from '../../src/manifest/credential-check.ts';
import { verifyManifestSeal } from '../../src/seals/manifest-seal.ts';
import type { VerifiedSeal } from '../../src/seals/manifest-seal.ts';

const COUNT = 20_000;
/** Unused where values are derived again and compared as bytes. */
const NO_KEYS: PublicKeys = {
  ofEd25519: () => new Uint8Array(),
  ofP256: () => new Uint8Array(),
};

let folder: string;
let open: OpenLot;
let rows: RowSource;
let sealed: VerifiedSeal;
let sound: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-check-'));
  open = await openBatch({ count: COUNT, scheme: 'psk' });
  rows = await openRowSource({ workers: 0 });
  const output = join(folder, 'm.csv');
  const choices = { withSecrets: true, gzip: false, recipients: [], plaintext: true, force: false };
  const columns = ['index', 'serial', 'endpoint_key', 'endpoint_secret:hex'];
  await writeManifest(open, { ...choices, format: 'csv', output, columns }, { workers: 0 });
  sealed = await verifyManifestSeal(readFileSync(`${output}.seal`, 'utf8').trim());
  sound = readFileSync(output, 'utf8').split('\n').slice(0, -1);
});
afterAll(async () => {
  await rows[Symbol.asyncDispose]();
  await open[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function* blocks(text: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 70_000) {
    await Promise.resolve();
    yield bytes.subarray(at, at + 70_000);
  }
}

/** Issues as `code line column`, from a comparison with the derived rows. */
async function compare(
  lines: readonly string[],
  withSeal = true,
): Promise<{ issues: string[]; derived: boolean; rows: number; count: number }> {
  const issues = new IssueList();
  const { lot } = open;
  const check = new ManifestCheck(blocks(`${lines.join('\n')}\n`), {
    maker: { lot, provisioningKey: lot.provisioningKey },
    sealed: withSeal ? sealed : undefined,
    lotRange: { from: 0, count: lot.size },
    keys: NO_KEYS,
    issues,
  });
  const { derived } = await check.run((plan, range) => rows.stream(open, range, plan));
  const places = issues.listed.map((issue) =>
    [issue.code, issue.line, issue.column].filter(Boolean).join(' '),
  );
  return { issues: places, derived, rows: check.rows, count: issues.count };
}

const replaced = (line: number, change: (text: string) => string): string[] =>
  sound.map((text, at) => (at === line - 1 ? change(text) : text));
const without = (from: number, count: number): string[] => [
  ...sound.slice(0, from - 1),
  ...sound.slice(from - 1 + count),
];

describe('a manifest compared with the derived rows', () => {
  test('is sound when it is what was written, with its seal and without', async () => {
    expect(await compare(sound)).toEqual({ issues: [], derived: true, rows: COUNT, count: 0 });
    expect(await compare(sound, false)).toMatchObject({ issues: [], derived: true, rows: COUNT });
  });

  test('without a seal may begin and end anywhere', async () => {
    const part = [sound[0] ?? '', ...sound.slice(9_000, 9_100)];
    expect(await compare(part, false)).toMatchObject({ issues: [], derived: true, rows: 100 });
  });

  test('shows a foreign credential that is sound in itself', async () => {
    const other = await openBatch({ count: 10, scheme: 'psk' });
    const plan = {
      format: 'csv',
      columns: [
        { name: 'endpoint_key', format: 'text' },
        { name: 'endpoint_secret', format: 'hex' },
      ],
    } as const;
    let foreign = '';
    for await (const chunk of rows.stream(other, { from: 5, count: 1 }, plan)) {
      foreign = Buffer.from(chunk.bytes).toString().trimEnd();
    }
    await other[Symbol.asyncDispose]();
    const { issues } = await compare(
      replaced(12_002, (line) => line.replace(/ek_.*/, foreign)),
      false,
    );
    expect(issues).toEqual([
      'not-committed 12002 endpoint_secret',
      'not-derived 12002 endpoint_key',
    ]);
  });

  test.each([
    ['a secret', 12_002, /,[0-9a-f](?=[0-9a-f]{63}$)/, ['not-committed 12002 endpoint_secret']],
    ['a serial', 3, /,test-/, ['wrong-serial 3 serial']],
  ])('names the row and column of %s that was altered', async (_what, line, pattern, issues) => {
    const altered = replaced(line, (text) =>
      text.replace(pattern, (found) =>
        found.startsWith(',t') ? ',Test-' : found === ',0' ? ',1' : ',0',
      ),
    );
    expect((await compare(altered)).issues).toEqual([...issues, 'seal-mismatch']);
  });

  test('names one altered index as one row, and goes on behind it', async () => {
    for (const index of ['7', '19999', '123456789']) {
      const { issues, rows: read } = await compare(
        replaced(10_002, (text) => text.replace(/^\d+/, index)),
      );
      expect(issues.filter((issue) => !/ 1000[23] /.test(issue))).toEqual(['seal-mismatch']);
      expect(read).toBe(COUNT);
    }
  });

  test.each([
    [2, 1],
    [8_194, 8_192],
    [8_100, 9_000],
    [COUNT + 1, 1],
  ])('finds rows missing from line %i on, %i of them', async (line, count) => {
    const { issues } = await compare(without(line, count));
    const gap = line + count > COUNT + 1 ? [] : [`index-gap ${line} index`];
    expect(issues).toEqual([...gap, 'wrong-count', 'seal-mismatch']);
  });

  test('finds a row that stands twice, and rows behind the last', async () => {
    const twice = [...sound.slice(0, 500), sound[499] ?? '', ...sound.slice(500)];
    const repeat = ['index-repeat 501 index', 'repeated-value 501 endpoint_key', 'wrong-count'];
    expect((await compare(twice)).issues).toEqual([...repeat, 'seal-mismatch']);
    const more = [...sound, `${COUNT},${(sound[1] ?? '').replace(/^0,/, '')}`];
    expect((await compare(more)).issues).toContain(`outside-range ${COUNT + 2} index`);
  });

  test('finds any one altered byte, in few issues', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: COUNT + 1 }),
        fc.nat(100),
        fc.constantFrom('x', '0', ',', '"', '\r'),
        async (line, at, by) => {
          const place = at % (sound[line - 1] ?? ' ').length;
          fc.pre(sound[line - 1]?.[place] !== by);
          const altered = replaced(
            line,
            (text) => text.slice(0, place) + by + text.slice(place + 1),
          );
          const { count } = await compare(altered);
          expect(count).toBeGreaterThan(1);
          expect(count).toBeLessThan(10);
        },
      ),
      { numRuns: 20 },
    );
  });
});

test('the seal has the digest that any other SHA-256 gives of the file', () => {
  const digest = createHash('sha256')
    .update(`${sound.join('\n')}\n`)
    .digest('hex');
  expect(sealed.seal.chunks).toEqual([digest]);
});

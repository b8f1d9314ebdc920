import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AllocationBook } from '../../src/home/allocation-book.ts';
import { Home } from '../../src/home/home.ts';
import { LotStore } from '../../src/home/lot-store.ts';
import { parseLotId } from '../../src/model/ids.ts';
import { intersection } from '../../src/model/range.ts';
import { refusal } from '../seals/fixtures.ts';

const LOT = parseLotId('kl_dx5ytj1vmbk5rf40kn1wfgbt5w');
const clock = { now: () => new Date('2026-03-01T08:00:00.123Z') };
const request = (from: number, count: number, again?: string) => ({
  range: { from, count },
  purpose: 'manifest' as const,
  who: 'line-1',
  again,
});

let path: string;
let home: Home;
let file: string;
let book: AllocationBook;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'keyline-book-'));
  home = Home.at(path);
  file = join(home.lotDir(LOT), 'allocations.jsonl');
  book = AllocationBook.open(home, LOT, clock);
});

afterEach(() => rm(path, { recursive: true }));

describe('the allocation book', () => {
  it('of a new lot is empty', async () => {
    expect(await book.entries()).toEqual([]);
  });

  it('keeps an entry as one line, in a file that only its owner reads', async () => {
    await book.allocate({ ...request(0, 4096), why: 'run 7', reference: 'A1.csv' });
    expect(await readFile(file, 'utf8')).toBe(
      '{"at":"2026-03-01T08:00:00Z","from":0,"count":4096,"purpose":"manifest","who":"line-1","why":"run 7","reference":"A1.csv"}\n',
    );
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('refuses a range that meets an earlier one in a single unit, and takes its neighbours', async () => {
    await book.allocate(request(100, 10));
    expect(await refusal(book.allocate(request(109, 1)))).toBe('already-allocated');
    expect(await refusal(book.allocate(request(91, 10)))).toBe('already-allocated');
    expect(await refusal(book.requireFree({ from: 0, count: 1000 }))).toBe('already-allocated');
    await book.allocate(request(110, 5));
    await book.allocate(request(90, 10));
    expect(await book.entries()).toHaveLength(3);
  });

  it('lets a range leave again for a reason, which it records', async () => {
    await book.allocate(request(0, 10));
    await book.allocate(request(5, 1, 'board lost'));
    expect((await book.entries()).at(-1)).toMatchObject({ from: 5, again: 'board lost' });
    expect(await refusal(book.allocate(request(0, 1, ' ')))).toBe('usage');
  });

  it('drops a last line that a crash cut short, and writes on after it', async () => {
    await book.allocate(request(0, 10));
    const line = await readFile(file, 'utf8');
    for (const cut of [1, 20, line.length - 3]) {
      await writeFile(file, line + line.slice(0, cut));
      expect(await book.entries()).toHaveLength(1);
      expect(await book.hasTornLine()).toBe(true);
    }
    await book.allocate(request(10, 10));
    expect(await book.entries()).toHaveLength(2);
    expect(await book.hasTornLine()).toBe(false);
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(3);
  });

  it('counts a last line that lacks nothing but its line feed', async () => {
    await book.allocate(request(0, 10));
    const line = await readFile(file, 'utf8');
    await writeFile(file, line.trimEnd());
    expect(await refusal(book.allocate(request(9, 1)))).toBe('already-allocated');
    await book.allocate(request(10, 1));
    expect(await book.entries()).toHaveLength(2);
  });

  it('refuses everything once a line in the middle is damaged', async () => {
    await book.allocate(request(0, 10));
    const [line = ''] = (await readFile(file, 'utf8')).split('\n');
    await appendFile(file, '{"from":10}\n');
    await appendFile(file, `${line}\n`);
    expect(await refusal(book.entries())).toBe('book-damaged');
    expect(await refusal(book.allocate(request(100, 1)))).toBe('book-damaged');
  });

  it('lets nothing leave a closed lot, for whatever reason', async () => {
    await home.folder(home.lotDir(LOT));
    await new LotStore(home).close(LOT, '2026-03-01T00:00:00Z');
    expect(await refusal(book.allocate(request(0, 1, 'reason')))).toBe('lot-closed');
    expect(await refusal(book.requireFree({ from: 0, count: 1 }))).toBe('lot-closed');
  });

  it('never takes a range twice, whatever is asked of it', async () => {
    const ranges = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 8 })), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(ranges, async (asked) => {
        await rm(file, { force: true });
        // All at once: the lock decides who comes first.
        await Promise.allSettled(asked.map(([from, count]) => book.allocate(request(from, count))));
        const taken = await book.entries();
        for (const [at, one] of taken.entries()) {
          for (const other of taken.slice(at + 1)) expect(intersection(one, other)).toBeUndefined();
        }
        for (const [from, count] of asked) {
          expect(taken.some((entry) => intersection(entry, { from, count }))).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('gives each range to one of two processes that ask at once', async () => {
    const program = `
      import { AllocationBook } from ${JSON.stringify(new URL('../../src/home/allocation-book.ts', import.meta.url).href)};
      import { Home } from ${JSON.stringify(new URL('../../src/home/home.ts', import.meta.url).href)};
      const book = AllocationBook.open(Home.at(${JSON.stringify(path)}), ${JSON.stringify(LOT)});
      import { readdirSync, writeFileSync } from 'node:fs';
      import { setImmediate } from 'node:timers/promises';
      // All begin together, so that they get in each other's way.
      const path = ${JSON.stringify(path)};
      writeFileSync(path + '/ready-' + process.pid, '');
      while (readdirSync(path).filter((name) => name.startsWith('ready-')).length < 2) await setImmediate();
      let taken = 0;
      for (let at = 0; at < 20; at++) {
        await book.allocate({ range: { from: at * 10, count: 10 }, purpose: 'station', who: String(process.pid) })
          .then(() => taken++, (error) => { if (error.code !== 'already-allocated') throw error; });
      }
      console.log(taken);`;
    const script = join(path, 'ask.mjs');
    await writeFile(script, program);
    const tsx = new URL(import.meta.resolve('tsx')).href;
    const run = () => promisify(execFile)(process.execPath, ['--import', tsx, script]);
    const counts = (await Promise.all([run(), run()])).map(({ stdout }) => Number(stdout));
    expect(counts.reduce((sum, count) => sum + count)).toBe(20);
    const froms = (await book.entries()).map(({ from }) => from);
    expect([...froms].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, at) => at * 10),
    );
  }, 30_000);
});

import { copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Home } from '../../src/home/home.ts';
import { ledgerPath } from '../../src/home/ledger-paths.ts';
import { gatherLedgers } from '../../src/job/gather-ledgers.ts';
import { findConflicts, refuseConflicts } from '../../src/job/ledger-conflicts.ts';
import type { LedgerConflicts } from '../../src/job/ledger-conflicts.ts';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { exportLines } from '../../src/ledger/export-lines.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import {
  collect,
  LOT,
  MACHINE,
  makeBench,
  otherStation,
  pass,
  station,
} from '../ledger/station.ts';
import type { Bench } from '../ledger/station.ts';
import { refusal } from '../seals/fixtures.ts';

let bench: Bench;
let home: Home;

beforeEach(async () => {
  bench = await makeBench();
  home = Home.at(join(bench.folder, 'home'));
});
afterEach(() => bench[Symbol.asyncDispose]());

const at = (name: string): string => join(bench.folder, name);
const admission = (from: number, count: number) => ({
  ...{ lotId: LOT, size: 90, spare: 10, ranges: [{ from, count }] },
});

/** A ledger at this place, of the other station unless said otherwise; what it holds is `work`'s. */
async function record(
  path: string,
  work: (ledger: Ledger) => Promise<unknown>,
  by = otherStation(),
): Promise<string> {
  const options = { station: by, toolVersion: '0.1.0', machineId: MACHINE };
  await mkdir(dirname(path), { recursive: true });
  await using ledger = await openLedger(path, options);
  await work(ledger);
  return path;
}

/** An export of a ledger that is closed. */
async function exported(path: string, name: string, by = otherStation()): Promise<string> {
  await using ledger = await openLedger(path, {
    ...{ station: by, toolVersion: '0.1.0', machineId: MACHINE },
  });
  const lines = await collect(exportLines(ledger, await ledger.signedHead()));
  await writeFile(at(name), lines.join(''));
  return at(name);
}

const own = (work: (ledger: Ledger) => Promise<unknown>): Promise<string> =>
  record(ledgerPath(home), work, station());

/** Passes devices of these names, one after the other. */
const passing =
  (from: number, count: number, ...devices: string[]) =>
  async (ledger: Ledger): Promise<void> => {
    await ledger.admit(admission(from, count));
    for (const device of devices) await pass(ledger, device);
  };

async function conflicts(...files: string[]): Promise<LedgerConflicts> {
  using gathered = await gatherLedgers(home, files);
  return await findConflicts(gathered.ledgers, LOT);
}

describe('gathering ledgers', () => {
  it('reads this home’s ledger and an export alike, each proved', async () => {
    await own(passing(0, 10, 'a', 'b'));
    const other = await record(at('other.sqlite'), passing(10, 10, 'c'));
    const file = await exported(other, 'other.ndjson');
    using gathered = await gatherLedgers(home, [file]);
    expect(gathered.warnings).toEqual([]);
    expect(gathered.ledgers).toMatchObject([
      { isOwn: true, kind: 'ledger' },
      { isOwn: false, kind: 'export', file },
    ]);
    const read = await Promise.all(
      gathered.ledgers.map(({ reader }) =>
        collect(reader.units(LOT), ({ index, hardwareId }) => [index, hardwareId]),
      ),
    );
    expect(read).toEqual([
      [
        [0, 'a'],
        [1, 'b'],
      ],
      [[10, 'c']],
    ]);
    const [, loaded] = gathered.ledgers;
    expect(loaded?.reader.counts(LOT).planned).toMatchObject({ admitted: 10, free: 9 });
    const types = loaded && (await collect(loaded.reader.entries(3), ({ event }) => event.type));
    expect(types).toEqual(['reserved', 'writing', 'written', 'verified', 'done']);
  });

  it('says of a home without a ledger that there is none, unless one is named', async () => {
    expect(await refusal(gatherLedgers(home, []))).toBe('not-found');
    const other = await record(at('other.sqlite'), passing(0, 5));
    using gathered = await gatherLedgers(home, [other]);
    expect(gathered.ledgers).toHaveLength(1);
    expect(await refusal(gatherLedgers(home, [at('none')]))).toBe('not-found');
  });

  it('takes an older state of a ledger and a later one for one ledger', async () => {
    const path = await own(passing(0, 10, 'a'));
    const old = at('old.sqlite');
    await copyFile(path, old);
    await own(passing(0, 10, 'b'));
    using gathered = await gatherLedgers(home, [old]);
    expect(gathered.ledgers).toMatchObject([{ isOwn: true }]);
    expect(gathered.warnings).toHaveLength(1);
    expect(gathered.ledgers[0]?.reader.counts(LOT).planned.states.done).toBe(2);
  });

  it('takes one file once, whatever names it has', async () => {
    const path = await own(passing(0, 10, 'a'));
    await link(path, at('again'));
    using gathered = await gatherLedgers(home, [at('again'), path]);
    expect(gathered.ledgers).toHaveLength(1);
    expect(gathered.warnings).toHaveLength(2);
    // Its lock is still held.
    expect(await refusal(own(() => Promise.resolve()))).toBe('ledger-busy');
  });

  it('refuses two ledgers that went on from one in two ways', async () => {
    const path = await own(passing(0, 10, 'a'));
    const copy = at('copy.sqlite');
    await copyFile(path, copy);
    await own(passing(0, 10, 'b'));
    await record(copy, passing(0, 10, 'c', 'd'), station());
    expect(await refusal(gatherLedgers(home, [copy]))).toBe('ledger-conflict: fork');
  });

  it('reads two ledgers that a station had one after the other, and says so', async () => {
    await own(passing(0, 10, 'a'));
    const before = await record(at('before.sqlite'), passing(10, 10, 'b'), station());
    using gathered = await gatherLedgers(home, [before]);
    expect(gathered.ledgers).toHaveLength(2);
    expect(gathered.warnings).toHaveLength(1);
  });

  it('warns of events that nobody signed, and refuses altered ones', async () => {
    const path = await own(passing(0, 10, 'a'));
    const file = await exported(path, 'own.ndjson', station());
    const database = await openDatabase(path);
    database.exec('DELETE FROM head');
    database.close();
    {
      using gathered = await gatherLedgers(home, []);
      expect(gathered.warnings).toHaveLength(1);
    }
    const text = await readFile(file, 'utf8');
    for (const altered of [
      text.replace('"hardwareId":"a"', '"hardwareId":"b"'),
      text.replace(/\{"head.*\n/, ''),
      text.replace(/.*"done".*\n/, ''),
    ]) {
      await writeFile(file, altered);
      expect(await refusal(gatherLedgers(home, [file]))).toBe('ledger-damaged');
    }
    await writeFile(file, 'serial,model\n');
    expect(await refusal(gatherLedgers(home, [file]))).toBe('ledger-damaged');
    // A refusal leaves no lock behind.
    await own(() => Promise.resolve());
  });
});

describe('conflicts between ledgers', () => {
  it('are none where each has its own units and devices', async () => {
    await own(passing(0, 10, 'a', 'b'));
    const other = await record(at('other.sqlite'), passing(10, 10, 'c'));
    expect(await conflicts(other)).toEqual({ count: 0, listed: [] });
  });

  it('are a unit of two devices, and the units that both may give', async () => {
    await own(passing(0, 10, 'a'));
    const other = await record(at('other.sqlite'), passing(0, 5, 'b'));
    const found = await conflicts(other);
    expect(found).toMatchObject({
      count: 2,
      listed: [
        { kind: 'unit', index: 0, sides: [{ hardwareId: 'a' }, { hardwareId: 'b' }] },
        { kind: 'claim', range: { from: 0, count: 5 }, files: [ledgerPath(home), other] },
      ],
    });
    expect(() => {
      refuseConflicts(found);
    }).toThrow(expect.objectContaining({ code: 'ledger-conflict' }) as Error);
  });

  it('are a device that is live in two', async () => {
    await own(passing(0, 10, 'a', '\u{1F600}', 'x'));
    const other = await record(at('other.sqlite'), passing(10, 10, '\uFFFD', 'x', '\u{1F600}'));
    const found = await conflicts(other);
    const devices = found.listed.map((one) => one.kind === 'device' && one.hardwareId);
    expect(devices).toEqual(['x', '\u{1F600}']);
  });

  it('are not units that one ledger surrendered before the other had them', async () => {
    await own(async (ledger) => {
      await passing(0, 10, 'a')(ledger);
      await ledger.surrender(LOT, { reason: 'given back', ranges: [{ from: 5, count: 5 }] });
    });
    const other = await record(at('other.sqlite'), passing(5, 10, 'b'));
    expect(await conflicts(other)).toEqual({ count: 0, listed: [] });
  });
});

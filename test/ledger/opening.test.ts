import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { machineId } from '../../src/ledger/machine-id.ts';
import { openLedgerReader } from '../../src/ledger/open-ledger.ts';
import { openLedgerHead } from '../../src/seals/ledger-head.ts';
import { refusal } from '../seals/fixtures.ts';
import { LOT, makeBench, otherStation, pass, TEN } from './station.ts';
import type { Bench } from './station.ts';

let bench: Bench;
let witness: string;

beforeEach(async () => {
  bench = await makeBench();
  witness = join(bench.folder, 'witness.jws');
});
afterEach(() => bench[Symbol.asyncDispose]());

/** Opens, does something, closes. */
async function run<T>(
  options: Parameters<Bench['open']>[0],
  work: (ledger: Awaited<ReturnType<Bench['open']>>) => Promise<T>,
): Promise<T> {
  await using ledger = await bench.open(options);
  return await work(ledger);
}

const passOne = (hardwareId: string, options: Parameters<Bench['open']>[0] = {}) =>
  run(options, async (ledger) => {
    await ledger.admit(TEN);
    return pass(ledger, hardwareId);
  });

describe('a ledger that is open', () => {
  it('is refused to everybody else in this process and in another one, also for reading', async () => {
    await using _first = await bench.open();
    expect(await refusal(bench.open())).toBe('ledger-busy');
    expect(await refusal(openLedgerReader(bench.path))).toBe('ledger-busy');
    const module = JSON.stringify(new URL('../../src/ledger/open-ledger.ts', import.meta.url).href);
    const script = `import { openLedgerReader } from ${module};
      await openLedgerReader(${JSON.stringify(bench.path)}).catch((e) => console.log(e.code));`;
    const tsx = new URL(import.meta.resolve('tsx')).href;
    const args = ['--import', tsx, '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout.trim()).toBe('ledger-busy');
  });

  it('is free again the moment it is closed', async () => {
    for (let round = 0; round < 3; round++) {
      await using _ledger = await bench.open();
    }
    using reader = await openLedgerReader(bench.path);
    expect(reader.head().seq).toBe(1);
  });
});

describe('a ledger', () => {
  it('of a later keyline is refused, and left as it is and unlocked', async () => {
    await passOne('a');
    const database = await openDatabase(bench.path);
    database.exec('PRAGMA user_version = 2');
    database.close();
    expect(await refusal(bench.open())).toBe('ledger-newer');
    expect(await refusal(openLedgerReader(bench.path))).toBe('ledger-newer');
  });

  it('of another machine or another station is refused', async () => {
    await passOne('a');
    expect(await refusal(bench.open({ machineId: 'cd'.repeat(32) }))).toBe(
      'ledger-foreign: machine',
    );
    expect(await refusal(bench.open({ station: otherStation() }))).toBe('ledger-foreign: station');
    expect(await passOne('b')).toBe(1);
  });

  it('is not what any other file is', async () => {
    await writeFile(bench.path, 'hello '.repeat(1000));
    expect(await refusal(bench.open())).toBe('ledger-damaged');
    await rm(bench.path);
    const database = await openDatabase(bench.path);
    database.exec('CREATE TABLE t (a)');
    database.close();
    expect(await refusal(bench.open())).toBe('ledger-damaged');
    expect(await refusal(bench.open({ create: false }))).toBe('ledger-damaged');
  });

  it('that is missing is begun only where that was meant, and in a folder that is there', async () => {
    expect(await refusal(bench.open({ create: false }))).toBe('not-found');
    expect(await refusal(openLedgerReader(bench.path))).toBe('not-found');
    await mkdir(join(bench.folder, 'x'));
    await bench.open().then((ledger) => ledger[Symbol.asyncDispose]());
  });

  it('without its last event’s integrity is refused at once', async () => {
    await passOne('a');
    const database = await openDatabase(bench.path);
    database.exec(`UPDATE events SET body = replace(body, '"a"', '"b"') WHERE seq = 7`);
    database.close();
    expect(await refusal(bench.open())).toBe('ledger-damaged');
  });
});

describe('the witness', () => {
  it('says what was acknowledged, signed by the station', async () => {
    await run({ witness }, async (ledger) => {
      await ledger.admit(TEN);
      await pass(ledger, 'a');
      const head = await openLedgerHead((await readFile(witness, 'utf8')).trim());
      expect(head).toMatchObject(ledger.head());
    });
  });

  it('finds last night’s copy of the ledger, and takes the one that was used since', async () => {
    await passOne('a', { witness });
    const copy = join(bench.folder, 'copy');
    await copyFile(bench.path, copy);
    await passOne('b', { witness });
    const newest = join(bench.folder, 'newest');
    await copyFile(bench.path, newest);
    await copyFile(copy, bench.path);
    expect(await refusal(bench.open({ witness }))).toBe('ledger-rolled-back');
    await copyFile(newest, bench.path);
    expect(await passOne('c', { witness })).toBe(2);
  });

  it('finds a copy that went its own way', async () => {
    await passOne('a', { witness });
    const copy = join(bench.folder, 'copy');
    await copyFile(bench.path, copy);
    await passOne('b', { witness });
    // The copy gets further than the original, by other events.
    await copyFile(copy, bench.path);
    await passOne('c');
    await passOne('d');
    expect(await refusal(bench.open({ witness }))).toBe('ledger-rolled-back');
  });

  it('finds that the ledger is gone, and does not let a new one take its place', async () => {
    await passOne('a', { witness });
    await rm(bench.path);
    expect(await refusal(bench.open({ witness }))).toBe('ledger-rolled-back');
    // None was begun.
    expect(await refusal(openLedgerReader(bench.path))).toBe('ledger-damaged');
    await rm(bench.path);
    await passOne('a');
    expect(await refusal(bench.open({ witness }))).toBe('ledger-rolled-back');
  });

  it('may be behind the ledger, as a crash between the two leaves it', async () => {
    await passOne('a', { witness });
    const before = await readFile(witness);
    await passOne('b', { witness });
    await writeFile(witness, before);
    expect(await passOne('c', { witness })).toBe(2);
  });

  it('that was altered is refused, not believed', async () => {
    await passOne('a', { witness });
    const text = await readFile(witness, 'utf8');
    await writeFile(witness, text.replace(/\.[^.]+\./, '.e30.'));
    expect(await refusal(bench.open({ witness }))).toMatch(/^signature-invalid/);
  });

  it('that cannot be written leaves what was recorded and says so', async () => {
    const nowhere = join(bench.folder, 'no', 'witness');
    expect(await refusal(bench.open({ witness: nowhere }))).toBe('output-unwritable');
    expect(await refusal(bench.open())).toBe('not refused');
  });

  it('is written once for events that come together', async () => {
    await run({ witness }, async (ledger) => {
      await ledger.admit(TEN);
      const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
      const all = await Promise.all(
        ids.map((id) => ledger.reserve({ hardwareId: id, lotId: LOT })),
      );
      expect(new Set(all.map(({ index }) => index)).size).toBe(8);
      const head = await openLedgerHead((await readFile(witness, 'utf8')).trim());
      expect(head).toMatchObject(ledger.head());
    });
  });
});

describe('a head that a registry has acknowledged', () => {
  it('makes every older ledger refused from then on', async () => {
    await passOne('a');
    const copy = join(bench.folder, 'copy');
    await copyFile(bench.path, copy);
    await run({}, async (ledger) => {
      await pass(ledger, 'b');
      await ledger.acknowledge(await ledger.signedHead());
    });
    await copyFile(copy, bench.path);
    expect(await refusal(bench.open())).toBe('ledger-rolled-back');
  });

  it('is taken only where this ledger reached it', async () => {
    await using other = await makeBench();
    const foreign = await other.open().then(async (ledger) => {
      await using open = ledger;
      return await open.signedHead();
    });
    await run({}, async (ledger) => {
      expect(await refusal(ledger.acknowledge(foreign))).toBe('ledger-rolled-back');
    });
  });
});

describe('the machine id', () => {
  it('is a labelled hash of the first file that holds one', async () => {
    const [empty, full] = [join(bench.folder, 'empty'), join(bench.folder, 'full')];
    await writeFile(empty, '\n');
    await writeFile(full, 'b08dfa6083e7567a1921a715000001fb\n');
    const { createHash } = await import('node:crypto');
    const expected = createHash('sha256')
      .update('keyline/v1 machine\0b08dfa6083e7567a1921a715000001fb')
      .digest('hex');
    expect(await machineId(['/nowhere', empty, full])).toBe(expected);
    expect(await machineId(['/nowhere'])).not.toBe(expected);
  });
});

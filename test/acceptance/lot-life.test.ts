import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLotClose } from '../../src/seals/lot-close.ts';
import { keyline, PROGRAM } from './cli.ts';

const TIMEOUT_MS = 600_000;
const RUN = 'station run A1 --profile linux-shell --jig sim/jig.yaml --once --json';

let folder: string;
let recipient: string;
let stopDevices = (): Promise<unknown> => Promise.resolve();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-life-'));
  const identity = await generateX25519Identity();
  recipient = await identityToRecipient(identity);
  writeFileSync(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stopDevices();
  rmSync(folder, { recursive: true });
});

const envOf = (home: string) => ({
  KEYLINE_HOME: join(folder, home),
  KEYLINE_IDENTITY_FILE: join(folder, 'identity'),
});

/** Runs a command line, its reasons in single quotes, in one of the homes; what it says with --json. */
async function run(home: string, line: string, code = 0): Promise<Record<string, unknown>> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word);
  const argv = words.map(String).concat(line.includes('--json') ? [] : ['--json']);
  const ran = await keyline(argv, { cwd: folder, env: envOf(home) });
  expect({ line, code: ran.code, stderr: ran.stderr, stdout: ran.code === code ? '' : ran.stdout })
    // A station writes its events before the result, a line each.
    .toEqual({ line, code, stderr: '', stdout: '' });
  const last = ran.stdout.trim().startsWith('{\n')
    ? ran.stdout
    : ran.stdout.trim().split('\n').at(-1);
  const said = JSON.parse(last ?? '') as Record<'result' | 'error', Record<string, unknown>>;
  return { ...said.result, ...said.error };
}

/** Four devices on ports, as a process of its own; the last three answer wrongly. */
async function plugDevicesIn(): Promise<void> {
  mkdirSync(join(folder, 'sim'));
  spoil([2, 3, 4]);
  const argv = ['device', 'simulate', '--profile', 'linux-shell', '--count', '4', '--dir', 'sim'];
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ...envOf('station') };
  const child = spawn(process.execPath, [PROGRAM, ...argv], { cwd: folder, env });
  const ended = once(child, 'exit');
  stopDevices = () => {
    child.kill('SIGINT');
    return ended;
  };
  child.stderr.resume();
  await once(child.stdout, 'data');
  child.stdout.resume();
}

function spoil(slots: readonly number[]): void {
  const faults = Object.fromEntries(slots.map((slot) => [slot, ['wrong-answer']]));
  writeFileSync(join(folder, 'sim/faults.json'), JSON.stringify(faults));
}

it(
  'a lot goes from its key over two stations, a repair and a loss to its sealed account',
  async () => {
    await run('owner', `key create --label widgets --recipient ${recipient}`);
    await run('owner', 'lot create A1 --size 8190 --spare 2 --serial A1-{n:6}');
    for (const name of ['line-1', 'line-2']) {
      await run(name, `station init --name ${name} --recipient ${recipient} -o ${name}.card`);
    }
    await run('owner', 'lot grant A1 --station line-1.card --range 0-8191 -o line-1.grant');
    await run('line-1', 'lot import line-1.grant');

    await plugDevicesIn();
    expect(await run('line-1', RUN, 6)).toMatchObject({ passed: 1, failed: 3 });
    const rework = "unit rework A1 --all-failed --reason 'new flash chips' --yes";
    expect(await run('line-1', rework)).toMatchObject({ units: [{}, {}, {}] });
    spoil([3, 4]);
    expect(await run('line-1', RUN, 6)).toMatchObject({ checked: 1, passed: 1, failed: 2 });
    const failed = (await run('line-1', 'station report A1'))['open'] as { index: number }[];
    expect(failed).toHaveLength(2);
    const scrap = (index: number | undefined) =>
      run('line-1', `unit scrap A1 ${index} --by index --reason 'burnt' --yes`);
    await scrap(failed[0]?.index);

    await run('line-1', 'manifest write A1 --as-built -o built.csv');
    const rows = readFileSync(join(folder, 'built.csv'), 'utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(3);
    expect(await run('owner', 'manifest check built.csv --lot A1')).toMatchObject({ rows: 2 });

    await run('line-1', 'ledger export -o line-1.ndjson');
    const close = "lot close A1 --ledger line-1.ndjson --unused-reason 'order was cut'";
    const refused = async (line: string): Promise<string[]> => {
      const error = await run('owner', line, 2);
      expect(error['code']).toBe('lot-unresolved');
      const { unresolved } = error['facts'] as { unresolved: string[] };
      return unresolved.map((group) => group.replace(/:.*/, ''));
    };
    expect(await refused(`${close} --yes`)).toEqual([
      `1 failed (${String(failed[1]?.index)}) at line-1`,
      '8188 free (4-8191) at line-1',
    ]);
    await scrap(failed[1]?.index);
    expect(await run('line-1', 'station close A1 --yes -o line-1.return')).toMatchObject({
      ...{ count: 8188, open: 0 },
    });
    await run('line-1', 'ledger export -o line-1.ndjson --force');

    const again = 'lot grant A1 --station line-2.card --range 4096-8191 -o line-2.grant';
    expect(await run('owner', again, 2)).toMatchObject({ code: 'already-allocated' });
    expect(await run('owner', 'lot reclaim line-1.return --yes')).toMatchObject({ count: 8188 });
    expect(await run('owner', 'lot reclaim line-1.return --yes', 3)).toMatchObject({
      code: 'return-replayed',
    });
    await run('owner', again);
    expect(await refused(`${close} --yes`)).toEqual(['4096 granted (4096-8191)']);
    await run('line-2', 'lot import line-2.grant');
    await run('line-2', 'station close A1 --yes -o line-2.return');
    await run('owner', 'lot reclaim line-2.return --yes');

    expect(await run('owner', `${close} --dry-run`)).toMatchObject({ dryRun: true });
    const closed = await run('owner', `${close} --yes -o A1.close`);
    const statement = readFileSync(join(folder, 'A1.close'), 'utf8').trim();
    expect(closed['statement']).toBe(statement);
    const { close: said } = await openLotClose(statement);
    expect(said).toMatchObject({
      planned: { total: 8190, done: 2, scrapped: 2, surrendered: 8186 },
      spare: { total: 2, surrendered: 2 },
      ...{ unusedReason: 'order was cut', ledgers: [{ station: 'line-1' }] },
    });
    expect(await run('owner', again.replace('2.grant', '3.grant'), 2)).toMatchObject({
      code: 'lot-closed',
    });
    expect(await run('owner', 'station report A1 --ledger line-1.ndjson')).toMatchObject({
      ...{ openCount: 0, reconciliation: { addsUp: true }, conflicts: { count: 0 } },
    });
  },
  TIMEOUT_MS,
);

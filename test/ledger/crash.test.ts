import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { isLive } from '../../src/model/unit-state.ts';
import { verifyLedgerFile } from '../../src/ledger/verify-ledger.ts';
import { collect, LOT, makeBench } from './station.ts';
import type { Bench } from './station.ts';

interface Acknowledged {
  readonly seq: number;
  readonly type: string;
  readonly index: number;
  readonly hardwareId: string;
}

/** One program instead of its sources, so that it starts in a tenth of the time. */
async function bundled(folder: string): Promise<string> {
  const outfile = join(folder, 'crash-program.mjs');
  const root = new URL('../..', import.meta.url).pathname;
  await build({
    entryPoints: [join(root, 'test/ledger/crash-program.ts')],
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20.19', outfile },
    plugins: [
      {
        name: 'sqlite-stays-where-it-is',
        setup: (one) => {
          const path = import.meta.resolve('@photostructure/sqlite');
          one.onResolve({ filter: /^@photostructure\/sqlite$/ }, () => ({ path, external: true }));
        },
      },
    ],
  });
  return outfile;
}

/** Runs the line and kills it once it has acknowledged `after` events; what it had said by then. */
async function killedRun(args: readonly string[], after: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let trouble = '';
  child.stderr.on('data', (data: Buffer) => (trouble += data.toString()));
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
    if (said.split('\n').length > after + 1) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) =>
    child.on('close', (_code, by) => {
      resolve(by);
    }),
  );
  expect({ signal, trouble }).toEqual({ signal: 'SIGKILL', trouble: '' });
  const [open, ...lines] = said.split('\n').slice(0, -1);
  expect(open).toBe('open');
  return lines.map((line) => {
    const [seq, type = '', index, hardwareId = ''] = line.split(' ');
    return { seq: Number(seq), type, index: Number(index), hardwareId };
  });
}

/** Holds the ledger against everything that was ever acknowledged. */
async function check(bench: Bench, acknowledged: readonly Acknowledged[]): Promise<void> {
  await using ledger = await bench.open();
  const events = (await collect(ledger.entries())).map(({ event }) => event);
  const devices = new Map<number, string>();
  for (const { seq, type, index, hardwareId } of acknowledged) {
    expect(events[seq - 1]).toMatchObject({ seq, type, index, hardwareId });
  }
  for (const event of events) {
    if (event.type !== 'writing') continue;
    expect(devices.get(event.index) ?? event.hardwareId).toBe(event.hardwareId);
    devices.set(event.index, event.hardwareId);
  }
  const live = (await collect(ledger.units(LOT))).filter(({ state }) => isLive(state));
  expect(new Set(live.map(({ hardwareId }) => hardwareId)).size).toBe(live.length);
  expect(live.filter(({ state }) => state === 'reserved')).toEqual([]);
}

describe('a line that is killed at any instant', () => {
  it.each(['no witness', 'witness'])(
    'loses no event that was acknowledged and gives no index twice, with %s',
    async (kind) => {
      await using bench = await makeBench();
      const program = await bundled(bench.folder);
      const acknowledged: Acknowledged[] = [];
      const rounds = kind === 'witness' ? 5 : 10;
      for (let round = 0; round < rounds; round++) {
        const after = 1 + Math.floor(Math.random() * 60);
        const args = [program, bench.folder, String(round), kind];
        acknowledged.push(...(await killedRun(args, after)));
        await check(bench, acknowledged);
      }
      expect((await verifyLedgerFile(bench.path)).issues).toEqual([]);
    },
  );
});

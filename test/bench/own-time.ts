import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDriver } from '../../src/device/driver-kinds.ts';
import { openPort } from '../../src/device/ports/open-port.ts';
import type { Port } from '../../src/device/ports/port.ts';
import { parseProfile } from '../../src/device/profile.ts';
import { provisionAtBench } from '../../src/job/bench-device.ts';
import { provisionRun } from '../../src/job/provision-run.ts';
import { Rig } from '../job/provision-rig.ts';

/**
 * Measures what the tool adds to a device's own time. The simulator is a process of its own (a build in
 * dist); the device's time is what the tool waits for bytes that then come. All else, waits for silence and
 * synced commits among it, is the tool's. Prints a table; checks nothing.
 */

const UNITS = 10;
const ROUNDS = 3;

interface Times {
  readonly total: number;
  readonly device: number;
  readonly silence: number;
  readonly writing: number;
}

/** A port that says how long each call took. */
function timed(
  port: Port,
  add: (kind: 'device' | 'silence' | 'writing', ms: number) => void,
): Port {
  return new Proxy(port, {
    get: (target, name) => {
      if (name === 'read' || name === 'write') {
        return async (...given: [never]) => {
          const began = performance.now();
          const result: unknown = await target[name](...given);
          const kind = name === 'write' ? 'writing' : result === undefined ? 'silence' : 'device';
          add(kind, performance.now() - began);
          return result;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function round(name: string): Promise<Times[]> {
  const { profile } = parseProfile(readFileSync(`fixtures/profiles/${name}.yaml`, 'utf8'));
  if (!profile) throw new Error(`${name} is no profile`);
  const dir = mkdtempSync(join(tmpdir(), 'keyline-own-time-'));
  const argv = ['device', 'simulate', '--profile', name, '--count', String(UNITS), '--dir', dir];
  const simulator = spawn(process.execPath, ['bin/run.js', ...argv, '--model', 'W1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(simulator.stdout, 'data');
    await using rig = await Rig.make();
    const { open, station, context } = rig.run;
    const parts = { open, profile, ledger: rig.ledger, station, context } as const;
    const run = provisionRun({ ...parts, mode: 'provision' });
    const all: Times[] = [];
    for (let slot = 1; slot <= UNITS; slot++) {
      const spent = { device: 0, silence: 0, writing: 0 };
      const path = join(dir, `slot-${slot}`);
      const memory = async (): Promise<Port> =>
        timed(await openPort({ kind: 'serial', path }, { baudRate: 115_200 }), (kind, ms) => {
          spent[kind] += ms;
        });
      const line = {
        ...{ run, warnings: [], driver: () => createDriver(profile) },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
      const began = performance.now();
      const outcome = await provisionAtBench(line, {
        ...{ address: { kind: 'memory', name: path }, memory },
        signal: new AbortController().signal,
      });
      if (!outcome.ok) throw new Error(`slot ${slot}: ${outcome.code} ${outcome.reason}`);
      all.push({ total: performance.now() - began, ...spent });
    }
    return all;
  } finally {
    simulator.kill('SIGTERM');
    await once(simulator, 'exit');
    rmSync(dir, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): string {
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  return (middle ?? Number.NaN).toFixed(1);
}

for (const name of process.argv.length > 2 ? process.argv.slice(2) : ['zephyr-shell', 'u-boot']) {
  const all: Times[] = [];
  for (let turn = 0; turn < ROUNDS; turn++) all.push(...(await round(name)).slice(1));
  const own = median(all.map(({ total, device }) => total - device));
  const silence = median(all.map((one) => one.silence));
  const writing = median(all.map((one) => one.writing));
  const total = median(all.map((one) => one.total));
  process.stdout.write(
    `${name}: ${total} ms a unit, the tool’s own ${own} ms: silence ${silence}, writing ${writing} (medians of ${all.length})\n`,
  );
}

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createDriver } from '../../src/device/driver-kinds.ts';
import { parseJig } from '../../src/device/jig.ts';
import { parseProfile } from '../../src/device/profile.ts';
import type { DeviceProfile } from '../../src/device/profile-model.ts';
import { parseFault } from '../../src/device/simulator/simulated-fault.ts';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import { provisionRun } from '../../src/job/provision-run.ts';
import { runStation } from '../../src/job/run-station.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { lotIdOf, provisioningKeyOf } from '../../src/model/ids.ts';
import type { Lot } from '../../src/model/lot.ts';
import { ownerSecrets } from '../../src/model/owner-secrets.ts';
import { makeBench } from '../ledger/station.ts';

/**
 * Measures a station over simulated devices in this process, and so a station together with its devices:
 * what it adds to a device that takes no time, eight slots beside one, and whether anything is
 * left after many units. Prints a table; checks nothing.
 */

const SLOTS = 8;
const SIZE = 8_000;

interface Figures {
  readonly passed: number;
  readonly failed: number;
  /** Seconds of each unit, from its arrival to its record. */
  readonly seconds: readonly number[];
  readonly wallSeconds: number;
}

/** Runs `units` devices through `slots` slots, each with a ledger on disk as a station has it. */
async function work(
  profile: DeviceProfile,
  { slots, units, faults = [] }: { slots: number; units: number; faults?: readonly string[] },
): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'keyline-bench-'));
  const bench = await makeBench();
  const lot: Lot = {
    lotId: lotIdOf(randomBytes(16)),
    provisioningKey: provisioningKeyOf(randomBytes(16)),
    ...{ code: 'B1', scheme: 'psk', size: SIZE, spare: 0, model: 'Simulated' },
    ...{ serialTemplate: 'BENCH-{n:6}', firstNumber: 1, createdAt: '2026-01-01T00:00:00Z' },
  };
  try {
    await using ledger = await bench.open();
    await ledger.admit({
      lotId: lot.lotId,
      size: SIZE,
      spare: 0,
      ranges: [{ from: 0, count: SIZE }],
    });
    await using simulator = await createSimulator({
      ...{ profile, dir, count: slots },
      faults: new Map(
        Array.from({ length: slots }, (_, at) => [at + 1, faults.map(parseFault)] as const),
      ),
    });
    const { jig } = parseJig(readFileSync(simulator.jigPath, 'utf8'));
    if (!jig) throw new Error('the simulator’s jig is none');
    const open = {
      lot,
      secrets: ownerSecrets(lot, Secret.take(randomBytes(32))),
      by: 'owner',
    } as const;
    const parts = {
      open,
      profile,
      ledger,
      station: 'bench',
      context: {},
      mode: 'provision',
    } as const;
    const line = {
      ...{ run: provisionRun(parts), warnings: [], driver: () => createDriver(profile) },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const seconds: number[] = [];
    const changes: Promise<void>[] = [];
    const began = performance.now();
    const tally = await runStation(line, {
      ...{ jig, limit: units, everyMs: 10, signal: new AbortController().signal },
      onEvent: (event) => {
        if (event.type !== 'passed' && event.type !== 'failed') return;
        seconds.push(event.seconds);
        if (seconds.length + slots <= units + SLOTS)
          changes.push(simulator.replaceDevice(event.slot));
      },
    });
    const wallSeconds = (performance.now() - began) / 1000;
    await Promise.all(changes);
    return { passed: tally.passed, failed: tally.failed, seconds, wallSeconds };
  } finally {
    await bench[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What this process holds, everything of before being closed. */
async function held() {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { rss, heapUsed } = process.memoryUsage();
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return {
    heap: megabytes(heapUsed),
    rss: megabytes(rss),
    descriptors: readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().length,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function profileOf(name: string): DeviceProfile {
  const text = readFileSync(`fixtures/profiles/${name}.yaml`, 'utf8');
  const { profile } = parseProfile(text);
  if (!profile) throw new Error(`${name} is no profile`);
  return profile;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const zephyr = profileOf('zephyr-shell');
await work(zephyr, { slots: 1, units: 3 });
const ideal = await work(zephyr, { slots: 1, units: 31 });
say(`a device that takes no time: median ${(median(ideal.seconds) * 1000).toFixed(1)} ms a unit`);

const ratios: number[] = [];
for (let turn = 0; turn < 5; turn++) {
  const one = await work(zephyr, { slots: 1, units: 1, faults: ['slow:1'] });
  const eight = await work(zephyr, { slots: SLOTS, units: SLOTS, faults: ['slow:1'] });
  ratios.push(eight.wallSeconds / one.wallSeconds);
  say(
    `one ${one.wallSeconds.toFixed(2)} s, eight ${eight.wallSeconds.toFixed(2)} s, ${eight.passed} passed`,
  );
}
say(`eight slots take ${median(ratios).toFixed(2)} times one`);

const before = await work(zephyr, { slots: SLOTS, units: 200 });
const at200 = await held();
const after = await work(zephyr, { slots: SLOTS, units: 800 });
const at1000 = await held();
say(`passed ${before.passed} and ${after.passed}, failed ${before.failed + after.failed}`);
say(`units a minute on eight slots: ${((after.passed / after.wallSeconds) * 60).toFixed(0)}`);
for (const [units, now] of [
  ['200', at200],
  ['1000', at1000],
] as const) {
  say(
    `after ${units}: heap ${now.heap} MB, rss ${now.rss} MB, ${now.descriptors} descriptors, ${now.resources} handles`,
  );
}

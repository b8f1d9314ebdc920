import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDriver } from '../../src/device/driver-kinds.ts';
import { parsePortAddress } from '../../src/device/ports/port-address.ts';
import type { DeviceProfile } from '../../src/device/profile-model.ts';
import { endpointKeysIn, flashHolds } from '../../src/device/simulator/memory-search.ts';
import { provisionAtBench } from '../../src/job/bench-device.ts';
import { provisionRun } from '../../src/job/provision-run.ts';
import { FAILURES } from '../../src/model/failure.ts';
import { changedProfile, simulate } from '../device/simulator/bench.ts';
import { PUBLISHED, Rig } from './provision-rig.ts';

const SPOKEN_TO = [
  ...['u-boot', 'linux-shell', 'zephyr-shell', 'esp-idf-console', 'micropython'],
  ...['zephyr-smp-settings', 'zephyr-smp-fs', 'nrf91'],
];
const FAULTS: readonly (readonly [fault: string, mayPass: boolean])[] = [
  // What a protocol may get over; whether it did is asked of the device.
  ['drop', true],
  ['drop-input', true],
  ['noise', true],
  ['slow', true],
  ['duplicate-id', true],
  ['silent', false],
  ['wrong-answer', false],
  ['refuse', false],
  ['forget', false],
  ['unplug:150', false],
  ['blank-id', false],
  ['changing-id', false],
  ['provisioned', false],
];
const DEADLINE_MS = 60_000;

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A profile as it is shipped, but for its patience with a device that does not answer. */
function impatient(name: string): DeviceProfile {
  return changedProfile(name, (text) =>
    text
      .replace(/^ {2}sync: .*$/m, '')
      .replace(/^console:$/m, 'console:\n  sync: { everyMs: 200, timeoutMs: 600 }')
      .replaceAll('waitMs: 1000', 'waitMs: 60')
      .replaceAll(/timeoutMs: \d{4,}/g, 'timeoutMs: 1000'),
  );
}

/** The whole job on a simulated device with a ledger of its own; a pass is held against what the device holds. */
async function expectTruth(name: string, fault: string, mayPass: boolean): Promise<void> {
  const profile = impatient(name);
  const faults = { 1: [fault] };
  await using simulator = await simulate(profile, { count: 2, model: 'W1', faults });
  if (simulator.programsPath !== undefined) {
    vi.stubEnv('PATH', `${simulator.programsPath}:${process.env['PATH'] ?? ''}`);
  }
  await using rig = await Rig.make();
  const { open, station, context } = rig.run;
  const run = provisionRun({
    ...{ open, profile, ledger: rig.ledger, station, context, mode: 'provision' },
  });
  const line = {
    ...{ run, warnings: [], driver: () => createDriver(profile) },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const outcome = await provisionAtBench(line, {
    address: parsePortAddress(simulator.slots[0]?.address ?? ''),
    signal: new AbortController().signal,
  });
  const counts = rig.counts();
  if (outcome.ok) {
    expect(mayPass, `${name} passes with ${fault}`).toBe(true);
    const memory = simulator.memory(1);
    const { endpointKey, endpointSecret } = PUBLISHED[outcome.index] ?? {};
    expect(outcome.endpointKey).toBe(endpointKey);
    expect(endpointKeysIn(memory)).toEqual([endpointKey]);
    expect(flashHolds(memory, Buffer.from(endpointSecret?.slice(3) ?? '', 'base64url'))).toBe(true);
    expect(counts.states.done).toBe(1);
  } else {
    expect(Object.keys(FAILURES)).toContain(outcome.code);
    expect(counts.states.done).toBe(0);
  }
}

describe.each(SPOKEN_TO)('a device of %s', (name) => {
  it.concurrent.each(FAULTS)(
    'with fault %s passes with its credential in it, or fails with a code',
    async (fault, mayPass) => {
      await expectTruth(name, fault, mayPass);
    },
    DEADLINE_MS,
  );
});

// One after the other: the programmers are found by the process's own path.
describe('a device of esp32-nvs', () => {
  it.each(FAULTS)(
    'with fault %s passes with its credential in it, or fails with a code',
    async (fault, mayPass) => {
      await expectTruth('esp32-nvs', fault, mayPass);
    },
    DEADLINE_MS,
  );
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDriver } from '../../src/device/driver-kinds.ts';
import { openPort } from '../../src/device/ports/open-port.ts';
import { readDeviceMemory } from '../../src/device/simulator/device-memory.ts';
import { endpointKeysIn } from '../../src/device/simulator/memory-search.ts';
import { simulateDevices } from '../../src/job/simulate-devices.ts';
import type { SimulationOptions, SimulatorEvent } from '../../src/job/simulate-devices.ts';
import {
  contextFor,
  fixtureProfile,
  someValues,
  temporaryFolder,
} from '../device/simulator/bench.ts';

const profile = fixtureProfile('zephyr-shell');

function optionsFor(dir: string): SimulationOptions {
  return {
    profile: 'fixtures/profiles/zephyr-shell.yaml',
    ...{ dir, count: 1, tcp: false, faults: [], autoload: false, once: false },
    patience: { doneAfterMs: 60, gapMs: 1 },
    signal: new AbortController().signal,
  };
}

async function provision(path: string, seed: number): Promise<void> {
  await using port = await openPort({ kind: 'serial', path }, { baudRate: 115_200 });
  const driver = createDriver(profile);
  using values = someValues(profile, seed);
  await driver.write(contextFor(port, ''), values);
  await driver.verify(contextFor(port, ''), values);
}

describe('a simulation', () => {
  it('with --autoload brings a fresh device after each one that was verified, up to its limit', async () => {
    using folder = temporaryFolder();
    const work: Promise<void>[] = [];
    const onEvent = ({ type, device = 0 }: SimulatorEvent): void => {
      if (type === 'plugged') work.push(provision(join(folder.path, 'slot-1'), device));
    };
    const result = await simulateDevices({
      ...optionsFor(folder.path),
      ...{ autoload: true, limit: 3, onEvent },
      onReady: ({ slots }) => {
        onEvent({ type: 'plugged', slot: 1, device: slots[0]?.device });
      },
    });
    await Promise.all(work);
    expect(result).toMatchObject({ devices: 3, readBack: 3 });
    const keys = [1, 2, 3].map((device) => {
      const memory = readDeviceMemory(join(folder.path, `device-${device}.json`));
      return memory ? endpointKeysIn(memory) : [];
    });
    expect(new Set(keys.flat()).size).toBe(3);
  });

  it('takes out a device that nobody gets done', async () => {
    using folder = temporaryFolder();
    const result = await simulateDevices({
      ...optionsFor(folder.path),
      ...{ autoload: true, limit: 1, faults: ['1=silent'] },
      patience: { givenUpAfterMs: 60 },
      onReady: () => {
        void openPort(
          { kind: 'serial', path: join(folder.path, 'slot-1') },
          { baudRate: 115_200 },
        ).then(async (port) => {
          await port.write(Buffer.from('\r'));
          await port[Symbol.asyncDispose]();
        });
      },
    });
    expect(result).toMatchObject({ devices: 1, readBack: 0 });
  });

  it('with --once ends when its devices were verified, and leaves no link', async () => {
    using folder = temporaryFolder();
    const result = await simulateDevices({
      ...optionsFor(folder.path),
      once: true,
      onReady: ({ slots }) => void provision(slots[0]?.address ?? '', 1),
    });
    expect(result).toMatchObject({ devices: 1, readBack: 1 });
    expect(readdirSync(folder.path).sort()).toEqual([
      'device-1.json',
      'faults.json',
      'jig.yaml',
      'simulator.json',
    ]);
  });

  it('ends with its signal', async () => {
    using folder = temporaryFolder();
    const stop = new AbortController();
    const result = await simulateDevices({
      ...optionsFor(folder.path),
      signal: stop.signal,
      onReady: () => {
        stop.abort();
      },
    });
    expect(result).toMatchObject({ devices: 1, readBack: 0 });
  });

  it.each([['2=silent'], ['silent'], ['1='], ['1=explode'], ['0=silent']])(
    'refuses the fault %s',
    async (fault) => {
      using folder = temporaryFolder();
      const options = { ...optionsFor(folder.path), faults: [fault] };
      await expect(simulateDevices(options)).rejects.toThrow(
        expect.objectContaining({ code: 'usage' }) as Error,
      );
    },
  );
});

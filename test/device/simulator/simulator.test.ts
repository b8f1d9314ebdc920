import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import { fixedAddress, parseJig } from '../../../src/device/jig.ts';
import type { Simulator } from '../../../src/device/simulator/simulator.ts';
import {
  contextFor,
  fixtureProfile,
  openSlot,
  simulate,
  someValues,
  temporaryFolder,
} from './bench.ts';

const profile = fixtureProfile('zephyr-shell');
const driver = createDriver(profile);

async function provision(simulator: Simulator, slot: number, seed = 7): Promise<void> {
  await using port = await openSlot(simulator, slot);
  const context = contextFor(port, '');
  using values = someValues(profile, seed);
  await driver.write(context, values);
  await driver.verify(context, values);
}

function code(name: string): Error {
  return expect.objectContaining({ code: name }) as Error;
}

describe('a simulator', () => {
  it('keeps its devices and what they hold over a restart', async () => {
    using folder = temporaryFolder();
    const options = { dir: folder.path, count: 2 };
    const first = await simulate(profile, options);
    await provision(first, 2);
    const before = [first.memory(1), first.memory(2)];
    await first.close();
    await using second = await simulate(profile, options);
    const after = [second.memory(1), second.memory(2)];
    expect(after.map(({ hardwareId }) => hardwareId)).toEqual(
      before.map(({ hardwareId }) => hardwareId),
    );
    expect(after[1]?.flash).toEqual(before[1]?.flash);
    await using port = await openSlot(second, 2);
    expect(await driver.inspect(contextFor(port, ''))).toHaveProperty('kind', 'endpoint-key');
  });

  it('gives each device an id of its own, and a memory that no one else reads', async () => {
    await using simulator = await simulate(profile, { count: 8 });
    const ids = simulator.memories().map(({ hardwareId }) => hardwareId);
    expect(new Set(ids).size).toBe(8);
    const files = readdirSync(simulator.dir).filter((name) => name.startsWith('device-'));
    expect(files).toHaveLength(8);
    for (const name of files) {
      expect(statSync(join(simulator.dir, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('puts a fresh device in the place of one that is done, whose memory stays', async () => {
    await using simulator = await simulate(profile);
    await provision(simulator, 1);
    const before = simulator.memory(1);
    await simulator.replaceDevice(1);
    expect(simulator.memory(1)).toMatchObject({ device: 2, stores: 0 });
    await using port = await openSlot(simulator);
    expect(await driver.inspect(contextFor(port, ''))).toEqual({ kind: 'none' });
    expect(simulator.memories()).toEqual([before, simulator.memory(1)]);
  });

  it('takes the link away with the device', async () => {
    await using simulator = await simulate(profile);
    const link = simulator.slots[0]?.address ?? '';
    expect(existsSync(link)).toBe(true);
    await using port = await openSlot(simulator);
    await simulator.unplug(1);
    expect(existsSync(link)).toBe(false);
    await port.closed;
    await expect(openSlot(simulator)).rejects.toThrow(code('port-missing'));
    await simulator.plug(1);
    await using again = await openSlot(simulator);
    expect(await driver.identify(contextFor(again, ''))).toBe(simulator.memory(1).hardwareId);
  });

  it('writes the jig that matches it', async () => {
    await using simulator = await simulate(profile, { count: 3 });
    const { jig } = parseJig(readFileSync(simulator.jigPath, 'utf8'));
    expect(jig?.slots.map((slot) => [slot.slot, slot.presence, fixedAddress(slot)])).toEqual(
      simulator.slots.map(({ slot, address: path }) => [slot, 'usb', { kind: 'serial', path }]),
    );
  });

  it('serves TCP ports, which stay the same, to one client each', async () => {
    using folder = temporaryFolder();
    const options = { dir: folder.path, count: 2, tcp: true };
    const first = await simulate(profile, options);
    const addresses = first.slots.map(({ address }) => address);
    await provision(first, 1);
    {
      await using _ = await openSlot(first, 2);
      await expect(openSlot(first, 2)).rejects.toThrow(code('port-busy'));
    }
    await first.close();
    await using second = await simulate(profile, options);
    expect(second.slots.map(({ address }) => address)).toEqual(addresses);
    const { jig } = parseJig(readFileSync(second.jigPath, 'utf8'));
    expect(jig?.slots.map(({ port, presence }) => [port.url, presence])).toEqual(
      addresses.map((url) => [url, 'poll']),
    );
  });

  it('has its folder to itself, and keeps to one profile', async () => {
    using folder = temporaryFolder();
    const first = await simulate(profile, { dir: folder.path });
    await expect(simulate(profile, { dir: folder.path })).rejects.toThrow(code('output-busy'));
    await first.close();
    await expect(simulate(fixtureProfile('nrf91'), { dir: folder.path })).rejects.toThrow(
      code('usage'),
    );
  });

  it.each([false, true])('leaves no handle behind (TCP: %s)', async (tcp) => {
    // The first one loads the libraries.
    await provisionAndClose(tcp);
    const handles = openDescriptors();
    const resources = process.getActiveResourcesInfo().length;
    await provisionAndClose(tcp);
    expect(openDescriptors()).toBeLessThanOrEqual(handles);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(resources);
  });
});

async function provisionAndClose(tcp: boolean): Promise<void> {
  const simulator = await simulate(profile, { tcp });
  for (let unit = 0; unit < 3; unit++) {
    await provision(simulator, 1, unit + 1);
    await simulator.unplug(1);
    await simulator.plug(1);
    await simulator.replaceDevice(1);
  }
  await simulator.close();
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

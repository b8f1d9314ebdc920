import { relative } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import { acceptHardwareId } from '../../../src/device/hardware-id.ts';
import { endpointKeysIn, flashHolds } from '../../../src/device/simulator/memory-search.ts';
import type { Simulator } from '../../../src/device/simulator/simulator.ts';
import { contextFor, fixtureProfile, openSlot, simulate, someValues } from './bench.ts';

const profile = fixtureProfile('esp32-nvs');

afterEach(() => {
  vi.unstubAllEnvs();
});

async function benchOf(simulator: Simulator) {
  vi.stubEnv('PATH', `${simulator.programsPath ?? ''}:${process.env['PATH'] ?? ''}`);
  const port = await openSlot(simulator);
  const driver = createDriver(profile);
  return { port, driver, context: contextFor(port, simulator.slots[0]?.address ?? '') };
}

describe('a simulated programmer', () => {
  it('writes the memory of the device at its port', async () => {
    await using simulator = await simulate(profile);
    const { port, driver, context } = await benchOf(simulator);
    await using _ = port;
    using values = someValues(profile);
    const { hardwareId } = simulator.memory(1);
    expect(acceptHardwareId(await driver.identify(context), profile.identity)).toBe(hardwareId);
    expect(await driver.inspect(context)).toEqual({ kind: 'none' });
    await driver.captures?.(context);
    await driver.write(context, values);
    expect(simulator.memory(1).flash.get('image')).toHaveLength(0x3000);
    expect(endpointKeysIn(simulator.memory(1))).toHaveLength(1);
    expect(flashHolds(simulator.memory(1), Buffer.alloc(32, 7))).toBe(true);
    expect(await driver.verify(context, values)).toHaveProperty('kind', 'programmer');
    expect(await driver.inspect(context)).toHaveProperty('kind', 'endpoint-key');
  });

  it('takes a path as it stands from the folder that it is started in', async () => {
    await using simulator = await simulate(profile);
    const { port, driver } = await benchOf(simulator);
    await using _ = port;
    const path = relative(process.cwd(), simulator.slots[0]?.address ?? '');
    expect(path).toMatch(/^\.\.\//);
    expect(await driver.identify(contextFor(port, path))).not.toBe('');
    await expect(driver.identify(contextFor(port, `${path}0`))).rejects.toThrow(
      expect.objectContaining({ code: 'programmer-failed' }) as Error,
    );
  });

  it.each([
    ['refuse', 'write', 'programmer-failed'],
    ['forget', 'verify', 'programmer-failed'],
    ['unplug:100', 'write', 'programmer-failed'],
    ['silent', 'write', 'programmer-failed'],
  ])('with fault %s fails at %s', async (fault, method, code) => {
    await using simulator = await simulate(profile, { faults: { 1: [fault] } });
    const { port, driver, context } = await benchOf(simulator);
    await using _ = port;
    using values = someValues(profile);
    if (method === 'verify') await driver.write(context, values);
    await expect(driver[method as 'write' | 'verify'](context, values)).rejects.toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });
});

import { describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import { acceptHardwareId } from '../../../src/device/hardware-id.ts';
import { changedProfile, contextFor, openSlot, simulate, someValues } from './bench.ts';

describe.each([
  ['zephyr-smp-settings', 'readback'],
  ['zephyr-smp-fs', 'digest'],
  ['nrf91', 'digest'],
])('a simulated device, %s', (name, evidence) => {
  it('is provisioned by the real driver over a pseudo-terminal', async () => {
    const profile = changedProfile(name, (text) => text.replace('waitMs: 1000', 'waitMs: 60'));
    await using simulator = await simulate(profile);
    await using port = await openSlot(simulator);
    const context = contextFor(port, '');
    const driver = createDriver(profile);
    using values = someValues(profile);

    const { hardwareId } = simulator.memory(1);
    expect(acceptHardwareId(await driver.identify(context), profile.identity)).toBe(hardwareId);
    expect(await driver.inspect(context)).toEqual({ kind: 'none' });
    await driver.captures?.(context);
    await driver.write(context, values);
    expect(simulator.memory(1).stores).toBeGreaterThan(0);
    expect(await driver.verify(context, values)).toHaveProperty('kind', evidence);
    expect(await driver.inspect(context)).not.toHaveProperty('kind', 'none');
    // Another unit's values are not what it holds.
    using others = someValues(profile, 8);
    await expect(driver.verify(context, others)).rejects.toThrow(
      expect.objectContaining({ code: 'verify-mismatch' }) as Error,
    );
  });
});

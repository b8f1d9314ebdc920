import { describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import { acceptHardwareId } from '../../../src/device/hardware-id.ts';
import type { DeviceProfile } from '../../../src/device/profile-model.ts';
import type { Simulator } from '../../../src/device/simulator/simulator.ts';
import { changedProfile, contextFor, openSlot, simulate, someValues } from './bench.ts';

const CONSOLES = ['u-boot', 'linux-shell', 'zephyr-shell', 'esp-idf-console', 'micropython'];
const PROFILES = ['u-boot', 'zephyr-shell', 'zephyr-smp-settings', 'zephyr-smp-fs', 'nrf91'];

/** The device is back at once. */
function quick(name: string): DeviceProfile {
  return changedProfile(name, (text) => text.replace('waitMs: 1000', 'waitMs: 60'));
}

/** For a device that does not answer: how long it is waited for is not what is tested. */
function impatient(name: string): DeviceProfile {
  return changedProfile(name, (text) =>
    text
      .replace(/^ {2}sync: .*$/m, '')
      .replace(/^console:$/m, 'console:\n  sync: { everyMs: 200, timeoutMs: 300 }')
      .replace('waitMs: 1000', 'waitMs: 60')
      .replace(/timeoutMs: (?:2000|5000)$/m, 'timeoutMs: 300'),
  );
}

function failure(...codes: string[]): Error {
  const code = expect.stringMatching(`^(${codes.join('|')})$`) as string;
  return expect.objectContaining({ code }) as Error;
}

async function benchOf(simulator: Simulator, profile: DeviceProfile) {
  const port = await openSlot(simulator);
  return { port, driver: createDriver(profile), context: contextFor(port, '') };
}

describe.each(PROFILES)('%s', (name) => {
  const profile = quick(name);

  it('that is silent does not answer', async () => {
    const profile = impatient(name);
    await using simulator = await simulate(profile, { faults: { 1: ['silent'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    await expect(driver.identify(context)).rejects.toThrow(failure('no-answer'));
  });

  it('that refuses to store is not taken for written', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['refuse'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    using values = someValues(profile);
    await expect(driver.write(context, values)).rejects.toThrow(
      failure('write-refused', 'not-stored'),
    );
    expect(simulator.memory(1).flash.size).toBe(0);
  });

  it('that answers something else is not verified', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['wrong-answer'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    using values = someValues(profile);
    await driver.write(context, values);
    await expect(driver.verify(context, values)).rejects.toThrow(
      failure('verify-mismatch', 'not-stored'),
    );
  });

  it('that has a credential already says so', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['provisioned'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    expect(['endpoint-key', 'digest']).toContain((await driver.inspect(context)).kind);
  });

  it('that has no id gives a blank one', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['blank-id'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    const id = await driver.identify(context);
    expect(() => acceptHardwareId(id, profile.identity)).toThrow(failure('blank-id'));
  });

  it('that changes its id gives another one each time', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['changing-id'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    const ids = [await driver.identify(context), await driver.identify(context)];
    expect(new Set(ids.map((id) => acceptHardwareId(id, profile.identity))).size).toBe(2);
  });

  it('that has another one’s id gives that', async () => {
    await using simulator = await simulate(profile, { count: 2, faults: { 1: ['duplicate-id'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    const id = acceptHardwareId(await driver.identify(context), profile.identity);
    expect(id).toBe(simulator.memory(2).hardwareId);
    expect(id).not.toBe(simulator.memory(1).hardwareId);
  });

  it('that is unplugged in mid-write is gone, and comes back with what it had stored', async () => {
    await using simulator = await simulate(profile, { faults: { 1: ['unplug:150'] } });
    const { port, driver, context } = await benchOf(simulator, profile);
    await using _ = port;
    using values = someValues(profile);
    await expect(driver.write(context, values)).rejects.toThrow(failure('port-gone'));
    await simulator.plug(1);
    const again = await benchOf(simulator, profile);
    await using __ = again.port;
    await again.driver.write(again.context, values);
    await again.driver.verify(again.context, values);
  });
});

describe.each(CONSOLES.concat(['zephyr-smp-settings', 'zephyr-smp-fs', 'nrf91']))(
  '%s that forgets at a restart',
  (name) => {
    it('is not verified', async () => {
      const profile = quick(name);
      await using simulator = await simulate(profile, { faults: { 1: ['forget'] } });
      const { port, driver, context } = await benchOf(simulator, profile);
      await using _ = port;
      using values = someValues(profile);
      await driver.write(context, values);
      expect(simulator.memory(1).flash.size).toBeGreaterThan(0);
      await expect(driver.verify(context, values)).rejects.toThrow(
        failure('not-stored', 'verify-mismatch', 'garbage'),
      );
      expect(simulator.memory(1).flash.size).toBe(0);
    });
  },
);

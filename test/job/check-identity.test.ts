import { describe, expect, it } from 'vitest';
import type { DeviceProfile } from '../../src/device/profile-model.ts';
import { checkIdentity } from '../../src/job/check-identity.ts';
import { changedProfile, fixtureProfile, simulate } from '../device/simulator/bench.ts';

/** One for each driver that speaks to the device itself; it is back at once. */
const PROFILES = ['zephyr-shell', 'zephyr-smp-settings', 'nrf91', 'linux-shell'];

const quick = (name: string): DeviceProfile =>
  changedProfile(name, (text) => text.replace('waitMs: 1000', 'waitMs: 60'));

async function check(profile: DeviceProfile, fault?: string) {
  await using simulator = await simulate(profile, fault ? { faults: { 1: [fault] } } : {});
  const port = simulator.slots[0]?.address ?? '';
  const { signal } = new AbortController();
  const before = simulator.memory(1).boots;
  const result = await checkIdentity(profile, port, { signal }).catch((error: unknown) => error);
  const { boots, flash, hardwareId } = simulator.memory(1);
  expect(flash.size).toBe(0);
  return { result, restarts: boots - before, hardwareId };
}

describe.each(PROFILES)('the identity of a device of %s', (name) => {
  it('holds when it gives one id through three restarts', async () => {
    const { result, restarts, hardwareId } = await check(quick(name));
    expect(result).toMatchObject({ hardwareId, readings: 4, between: 'restart' });
    expect(restarts).toBe(3);
  });

  it('does not hold when a restart changes the id', async () => {
    const { result, restarts } = await check(quick(name), 'changing-id:boot');
    expect(result).toMatchObject({ code: 'identity-unfit', facts: { failure: 'id-changed' } });
    expect((result as { facts: { ids: string[] } }).facts.ids).toHaveLength(2);
    expect(restarts).toBe(1);
  });

  it('does not hold without an id', async () => {
    const { result } = await check(quick(name), 'blank-id');
    expect(result).toMatchObject({
      code: 'identity-unfit',
      facts: { failure: 'blank-id', ids: [] },
    });
  });
});

describe('a profile', () => {
  it('that does not restart devices has the port reopened', async () => {
    const profile = changedProfile('zephyr-smp-settings', (text) =>
      text.replace(/ {2}restart:\n(?: {4}.*\n)+/, '  restart: false\n'),
    );
    const { result, restarts } = await check(profile);
    expect(result).toMatchObject({ readings: 4, between: 'reopen' });
    expect(restarts).toBe(0);
  });

  it('that takes ids from a scan has no device asked', async () => {
    const profile = fixtureProfile('zephyr-shell');
    const scanned = { ...profile, identity: { ...profile.identity, from: 'scan' as const } };
    expect((await check(scanned)).result).toMatchObject({ code: 'usage' });
  });
});

import { describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import { acceptHardwareId } from '../../../src/device/hardware-id.ts';
import { endpointKeysIn, flashHolds } from '../../../src/device/simulator/memory-search.ts';
import { endpointKeyOf } from '../../../src/model/ids.ts';
import { contextFor, fixtureProfile, openSlot, simulate, someValues } from './bench.ts';

/** What `someValues` gives. */
const EXPECTED = {
  endpointKey: endpointKeyOf(new Uint8Array(16).fill(7)),
  secret: Buffer.alloc(32, 7),
};

describe.each(['u-boot', 'linux-shell', 'zephyr-shell', 'esp-idf-console', 'micropython'])(
  'a simulated console, %s',
  (name) => {
    it('is provisioned by the real driver over a pseudo-terminal', async () => {
      const profile = fixtureProfile(name);
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
      expect(endpointKeysIn(simulator.memory(1))).toEqual([EXPECTED.endpointKey]);
      expect(flashHolds(simulator.memory(1), EXPECTED.secret)).toBe(true);
      expect(flashHolds(simulator.memory(1), Buffer.alloc(32, 8))).toBe(false);
      expect(await driver.verify(context, values)).toHaveProperty('kind');
      expect(await driver.inspect(context)).toHaveProperty('kind', 'endpoint-key');
    });
  },
);

it('a gateway with a TPM is refused, as there is none to simulate it with', async () => {
  await expect(simulate(fixtureProfile('linux-tpm2'))).rejects.toMatchObject({ code: 'usage' });
});

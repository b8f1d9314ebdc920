import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { frameSmpMessage } from '../../../src/device/drivers/smp-frame.ts';
import { encodeSmpMessage, SMP_GROUP, SMP_OP } from '../../../src/device/drivers/smp-message.ts';
import { SimulatedDevice } from '../../../src/device/simulator/simulated-device.ts';
import { fixtureProfile, temporaryFolder } from './bench.ts';

/** Command 5 of the group os. */
const RESET = {
  version: 1,
  flags: 0,
  op: SMP_OP.write,
  group: SMP_GROUP.os,
  sequence: 0,
  id: 5,
  body: new Map(),
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([
  ['restarts when it is told to', false, 2],
  ['does not restart when power goes first, and writes nothing any more', true, 1],
])('a simulated smp device %s', (_does, isUnplugged, boots) => {
  using folder = temporaryFolder();
  const device = new SimulatedDevice({
    ...{ profile: fixtureProfile('zephyr-smp-settings'), number: 1, seed: 'a', model: 'M1' },
    ...{ memoryPath: join(folder.path, 'device-1.json'), faults: () => [] },
    ...{ otherId: () => undefined, send: () => undefined },
  });
  device.boot();
  for (const line of frameSmpMessage(encodeSmpMessage(RESET))) device.received(line);
  if (isUnplugged) device.powerGoes();
  vi.runAllTimers();
  expect(device.memory.content.boots).toBe(boots);
});

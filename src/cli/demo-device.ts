import { join } from 'node:path';
import { readDeviceMemory, DeviceMemory } from '../device/simulator/device-memory.ts';
import { EscrowMemory } from '../device/simulator/escrow/escrow-memory.ts';
import { ownCredential } from '../device/simulator/escrow/own-credential.ts';
import { ownValues } from '../device/simulator/escrow/own-values.ts';
import { verifyDelivery } from '../device/simulator/escrow/verify-delivery.ts';
import { loadProfile } from '../job/check-device-file.ts';
import type { DemoPlace } from './demo-steps.ts';

const DEVICES = 8;

/** The configuration that the first device keeps that has one, verified once more from its memory alone. */
export async function showKeptConfiguration({ folder }: DemoPlace): Promise<string> {
  const profile = await loadProfile('linux-shell');
  for (let device = 1; device <= DEVICES; device++) {
    const path = join(folder, 'sim', `device-${device}.json`);
    const content = readDeviceMemory(path);
    const own = content && ownCredential(profile, ownValues(profile, content));
    const delivery = content && new EscrowMemory(DeviceMemory.open(path, content)).delivery;
    if (!own || !delivery) continue;
    const { configuration } = verifyDelivery(own, delivery);
    const body = Buffer.from(configuration.body).toString();
    return `device ${device}, ${own.endpointKey}:\n${body}`;
  }
  throw new Error('no device of the demo keeps a configuration');
}

import type { Driver, DriverKind } from './driver.ts';
import { atCmngKind } from './drivers/at-cmng.ts';
import { consoleKind } from './drivers/console.ts';
import { imageKind } from './drivers/image.ts';
import { smpKind } from './drivers/smp.ts';
import type { DeviceProfile, DriverName } from './profile-model.ts';

/** Every driver that a profile may name; a new one is one more line. */
export const DRIVER_KINDS: readonly DriverKind[] = [consoleKind, smpKind, atCmngKind, imageKind];

/** The kind of this name. */
export function driverKindOf(name: DriverName): DriverKind {
  const kind = DRIVER_KINDS.find((known) => known.name === name);
  if (!kind) throw new Error(`there is no driver ${name}`);
  return kind;
}

/** A driver for one slot. */
export function createDriver(profile: DeviceProfile): Driver {
  return driverKindOf(profile.driver).create(profile);
}

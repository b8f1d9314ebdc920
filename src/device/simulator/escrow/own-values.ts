import { equalBytes } from '../../../kernel/bytes.ts';
import type { DeviceProfile } from '../../profile-model.ts';
import { DeviceMemory } from '../device-memory.ts';
import type { DeviceMemoryContent } from '../device-memory.ts';
import { foreignValues } from '../foreign-credential.ts';
import { createProtocol } from '../simulated-protocols.ts';

/** Where a value stands in a flash. */
interface Place {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** Nothing else stands under that name, so that the length may be another one. */
  readonly isWhole: boolean;
}

/**
 * The profile's values as a device reads them from its own flash, those that its flash has. A firmware
 * knows where it keeps them; here a device is provisioned that is kept nowhere, with values that are
 * known, and where these stand the real ones are read. Throws `usage` as `createProtocol` does.
 */
export function ownValues(
  profile: DeviceProfile,
  content: DeviceMemoryContent,
): ReadonlyMap<string, Uint8Array> {
  const known = distinctValues(profile);
  const scratch = provisioned(profile, content, known);
  const found = new Map<string, Uint8Array>();
  for (const [name, value] of known) {
    if (profile.values.get(name)?.kind === 'constant') continue;
    const place = placeOf(value, scratch.content.flash);
    if (!place) continue;
    const { offset, length, isWhole } = place;
    const bytes = content.flash.get(place.name);
    if (bytes) found.set(name, isWhole ? bytes : bytes.subarray(offset, offset + length));
  }
  return found;
}

/**
 * What is the same in two formats is the same here too, as some devices turn one into the other; else no
 * two values are alike.
 */
function distinctValues(profile: DeviceProfile): ReadonlyMap<string, Uint8Array> {
  const drawn = new Map<string, ReadonlyMap<string, Uint8Array>>();
  const values = [...profile.values].map(([name, source]) => {
    const what = source.kind === 'column' ? source.column : source.kind;
    const draw = drawn.get(what) ?? foreignValues(profile);
    drawn.set(what, draw);
    return [name, draw.get(name) ?? new Uint8Array()] as const;
  });
  return new Map(values);
}

function provisioned(
  profile: DeviceProfile,
  { device, hardwareId, model }: DeviceMemoryContent,
  values: ReadonlyMap<string, Uint8Array>,
): DeviceMemory {
  const memory = DeviceMemory.scratch({ device, hardwareId, model, profile: profile.name });
  const nothing = (): void => undefined;
  createProtocol({
    ...{ profile, memory, model, identity: () => hardwareId },
    ...{ send: nothing, restarted: nothing },
  }).provision(values);
  return memory;
}

function placeOf(value: Uint8Array, flash: ReadonlyMap<string, Uint8Array>): Place | undefined {
  const { length } = value;
  for (const [name, bytes] of flash) {
    if (equalBytes(bytes, value)) return { name, offset: 0, length, isWhole: true };
    const offset = Buffer.from(bytes).indexOf(value);
    if (offset !== -1) return { name, offset, length, isWhole: false };
  }
  return undefined;
}

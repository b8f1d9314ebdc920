import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverContext } from '../../../src/device/driver.ts';
import { openPort } from '../../../src/device/ports/open-port.ts';
import { parsePortAddress } from '../../../src/device/ports/port-address.ts';
import type { Port } from '../../../src/device/ports/port.ts';
import type { DeviceProfile } from '../../../src/device/profile-model.ts';
import { createSimulator } from '../../../src/device/simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../../src/device/simulator/simulator.ts';
import { parseFault } from '../../../src/device/simulator/simulated-fault.ts';
import { endpointKeyOf } from '../../../src/model/ids.ts';
import type { DeviceValues } from '../../../src/device/values.ts';
import { contextOf, profileFrom, valuesWith } from '../drivers/driver-context.ts';

/** A profile of fixtures/profiles. */
export function fixtureProfile(name: string): DeviceProfile {
  return profileFrom(readFileSync(`fixtures/profiles/${name}.yaml`, 'utf8'));
}

/** A profile of fixtures/profiles, its text changed. */
export function changedProfile(name: string, change: (text: string) => string): DeviceProfile {
  return profileFrom(change(readFileSync(`fixtures/profiles/${name}.yaml`, 'utf8')));
}

/** A folder that goes with its test. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'keyline-simulator-'));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A simulator of one profile in a folder of its own; faults as they are written on a command line. */
export async function simulate(
  profile: DeviceProfile,
  options: Partial<Omit<SimulatorOptions, 'faults'>> & {
    readonly faults?: Readonly<Record<number, readonly string[]>>;
  } = {},
): Promise<Simulator & { readonly dir: string }> {
  const folder = options.dir === undefined ? temporaryFolder() : undefined;
  const dir = options.dir ?? folder?.path ?? '';
  const faults = Object.entries(options.faults ?? {}).map(
    ([slot, texts]) => [Number(slot), texts.map(parseFault)] as const,
  );
  const simulator = await createSimulator({
    ...options,
    profile,
    dir,
    count: options.count ?? 1,
    faults: new Map(faults),
  });
  const close = async (): Promise<void> => {
    await simulator.close();
    folder?.[Symbol.dispose]();
  };
  const added = { dir, close, [Symbol.asyncDispose]: close };
  return Object.defineProperties(added, {
    ...Object.getOwnPropertyDescriptors(simulator),
    ...Object.getOwnPropertyDescriptors(added),
  }) as unknown as Simulator & { readonly dir: string };
}

/** Opens the slot as a station does. */
export async function openSlot(simulator: Simulator, slot = 1): Promise<Port> {
  const address = simulator.slots[slot - 1]?.address ?? '';
  return await openPort(parsePortAddress(address), { baudRate: 115_200 });
}

/** A driver's context over an open slot; the path is lent to programs. */
export function contextFor(port: Port, lentPath: string): DriverContext {
  return contextOf(port, { lentPath });
}

/** An endpoint key and a secret that are no unit's, in every form that the fixtures' profiles name. */
export function someValues(profile: DeviceProfile, seed = 7): DeviceValues {
  const secret = Buffer.alloc(32, seed);
  const forms: Record<string, Uint8Array | string> = {
    raw: Uint8Array.from(secret),
    hex: secret.toString('hex'),
    base64: secret.toString('base64'),
    base64url: secret.toString('base64url'),
  };
  const values = [...profile.values].map(([name, source]) => {
    if (source.kind === 'constant') return [name, source.text] as const;
    if (source.kind === 'column' && source.column === 'endpoint_secret') {
      return [name, forms[source.format] ?? ''] as const;
    }
    return [name, endpointKeyOf(Uint8Array.from(Buffer.alloc(16, seed)))] as const;
  });
  return valuesWith(Object.fromEntries(values));
}

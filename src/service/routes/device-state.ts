import { Type } from 'typebox';
import type { Static } from 'typebox';
import { configureDevices, standingOf } from '../keys/configure-devices.ts';
import type { MasterKey } from '../keys/master-key.ts';
import { lockDevices } from '../store/check-in.ts';
import type { HeldConfiguration } from '../store/configurations.ts';
import type { Device } from '../store/devices.ts';
import type { Store } from '../store/store.ts';

const closed = { additionalProperties: false } as const;

/** A step or a version: what a small device counts with. */
export const counter = (minimum: number) => Type.Integer({ minimum, maximum: 2 ** 32 - 1 });
/** SHA-256, hexadecimal. */
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What a check-in and a wait answer: either mode in one shape, so that its description is plain. */
export const DeviceState = Type.Object(
  {
    mode: Type.Enum(['escrow', 'normal']),
    retryAfter: Type.Optional(Type.Integer({ description: 'Seconds; in escrow mode.' })),
    endpointId: Type.Optional(Type.String()),
    config: Type.Optional(
      Type.Object(
        { step: counter(0), version: counter(1), url: Type.String(), digest: Digest },
        closed,
      ),
    ),
  },
  closed,
);
export type DeviceState = Static<typeof DeviceState>;

const ESCROW: DeviceState = { mode: 'escrow', retryAfter: 60 };

/** Where configurations are read and signed. */
export interface Signing {
  readonly store: Store;
  readonly masterKey: MasterKey;
}

/** Signs what is due, in one transaction for all, and says which mode each device is in, by device. */
export async function statesOf(
  { store, masterKey }: Signing,
  devices: readonly Device[],
): Promise<ReadonlyMap<string, DeviceState>> {
  const { held, due } = await standingOf(store.reader, devices);
  const ids = due.map(({ id }) => id);
  const made =
    ids.length === 0
      ? new Map<string, HeldConfiguration>()
      : await store.change({ actor: 'registry' }, async (change) =>
          configureDevices(change, masterKey, await lockDevices(change, ids)),
        );
  return new Map(devices.map((device) => [device.id, toState(device, made, held)]));
}

/** `statesOf` of one. */
export async function stateOf(signing: Signing, device: Device): Promise<DeviceState> {
  return (await statesOf(signing, [device])).get(device.id) ?? ESCROW;
}

function toState(
  { id, isCancelled }: Device,
  ...known: readonly ReadonlyMap<string, HeldConfiguration>[]
): DeviceState {
  const held = known.map((one) => one.get(id)).find((one) => one !== undefined);
  if (!held || isCancelled === 1) return ESCROW;
  const { step, version, digest } = held;
  const url = `/v1/device/configurations/${step}/${version}`;
  return { mode: 'normal', endpointId: id, config: { step, version, url, digest } };
}

import { Type } from 'typebox';
import type { Static } from 'typebox';
import {
  configureDevice,
  currentConfiguration,
  isConfigurationDue,
} from '../keys/configure-device.ts';
import type { Service } from '../service.ts';
import { lockDevice } from '../store/check-in.ts';
import type { Device } from '../store/devices.ts';

const closed = { additionalProperties: false } as const;
const RETRY_SECONDS = 60;

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

/** Signs what is due, and says which mode the device is in. */
export async function stateOf(
  { store, masterKey }: Pick<Service, 'store' | 'masterKey'>,
  device: Device,
): Promise<DeviceState> {
  const isDue = device.isCancelled === 0 && (await isConfigurationDue(store.reader, device));
  const named = isDue
    ? await store.change({ actor: 'registry' }, async (change) => {
        return await configureDevice(change, masterKey, await lockDevice(change, device.id));
      })
    : await currentConfiguration(store.reader, device);
  if (!named || device.isCancelled === 1) return { mode: 'escrow', retryAfter: RETRY_SECONDS };
  const { step, version, digest } = named;
  const url = `/v1/device/configurations/${step}/${version}`;
  return { mode: 'normal', endpointId: device.id, config: { step, version, url, digest } };
}

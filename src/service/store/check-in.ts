import { KeylineError } from '../../kernel/errors.ts';
import type { Device } from './devices.ts';
import type { Change } from './store.ts';

/** What a device says of itself. */
export interface CheckIn {
  readonly hardwareId?: string | undefined;
  readonly firmware?: string | undefined;
  /** Rises with each check-in; the same one again is a request that was repeated. */
  readonly counter: number;
  readonly config?: AppliedConfig | undefined;
}

/** Which configuration it has, and whether it follows it. */
export interface AppliedConfig {
  readonly step: number;
  readonly version: number;
  /** SHA-256 of the signed configuration, hexadecimal. */
  readonly digest: string;
  readonly status: 'applied' | 'refused';
  /** It was taken over the authenticated session, with no signature checked. */
  readonly unsigned?: boolean | undefined;
}

/** What was seen of a device that should not be. */
export type DeviceMark = 'two-hardware-ids' | 'counter-ran-back' | 'configuration-refused';

/**
 * Notes a check-in: what is new in it, an acknowledged configuration, and what should not be, as a mark of
 * the device and an event, once. Throws `object-unknown`.
 */
export async function checkIn(change: Change, id: string, said: CheckIn): Promise<Device> {
  const device = await lockDevice(change, id);
  const { accountId } = device;
  const mark = markOf(device, said);
  if (mark !== undefined && mark !== device.mark) {
    change.record({ accountId, type: `device.${mark}`, subject: id, data: { mark } });
  }
  const acknowledged = said.config && (await acknowledge(change, device, said.config));
  return await change.db
    .updateTable('devices')
    .set({
      lastSeenAt: change.at,
      counter: Math.max(device.counter ?? 0, said.counter),
      hardwareId: device.hardwareId ?? said.hardwareId ?? null,
      firmware: said.firmware ?? device.firmware,
      mark: mark ?? (acknowledged && device.mark === 'configuration-refused' ? null : device.mark),
      ...acknowledged,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The device behind a session, held as `lockDevices` does. Throws `object-unknown`. */
export async function lockDevice(change: Change, id: string): Promise<Device> {
  const [device] = await lockDevices(change, [id]);
  if (device) return device;
  throw new KeylineError('object-unknown', { message: 'the device is gone' });
}

/**
 * These devices, whoever owns them now, held until the transaction ends, so that two check-ins of one credential,
 * or two signatures for one step, come one after the other. In the order of ids, as everybody takes them.
 */
export async function lockDevices(
  { db, dialect }: Change,
  ids: readonly string[],
): Promise<Device[]> {
  return await db
    .selectFrom('devices')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy('id')
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .execute();
}

function markOf(device: Device, said: CheckIn): DeviceMark | undefined {
  const { hardwareId, counter } = device;
  if (hardwareId !== null && said.hardwareId !== undefined && said.hardwareId !== hardwareId) {
    return 'two-hardware-ids';
  }
  if (counter !== null && said.counter < counter) return 'counter-ran-back';
  // What is worse stays said.
  const isFree = device.mark === null || device.mark === 'configuration-refused';
  return said.config?.status === 'refused' && isFree ? 'configuration-refused' : undefined;
}

type Acknowledged = Pick<Device, 'ackStep' | 'ackVersion' | 'ackDigest'> & { version: number };

/** Only a configuration that was made for this device, of its present owner, newer than the last one. */
async function acknowledge(
  change: Change,
  device: Device,
  { step, version, digest, status, unsigned = false }: AppliedConfig,
): Promise<Acknowledged | undefined> {
  if (status !== 'applied' || step !== device.custodyStep) return undefined;
  if (device.ackStep === step && version <= (device.ackVersion ?? 0)) return undefined;
  const { id, accountId } = device;
  const known = await change.db
    .updateTable('configurations')
    .set({ acknowledgedAt: change.at, isUnsigned: unsigned ? 1 : 0 })
    .where('deviceId', '=', id)
    .where('step', '=', step)
    .where('configVersion', '=', version)
    .where('digest', '=', digest)
    .where('accountId', '=', accountId)
    .executeTakeFirst();
  if (known.numUpdatedRows !== 1n) return undefined;
  const data = { step, version, unsigned };
  change.record({ accountId, type: 'device.configured', subject: id, data });
  return { ackStep: step, ackVersion: version, ackDigest: digest, version: device.version + 1 };
}

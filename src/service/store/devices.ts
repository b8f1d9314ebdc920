import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import { mayProve, nextDeviceState } from '../../model/device-state.ts';
import type { DeviceMove, Provisioning } from '../../model/device-state.ts';
import { newId } from './new-id.ts';
import { HIDDEN_BY, IS_SHOWN } from './shown.ts';
import type { Change, Reader } from './store.ts';
import type { DeviceTable } from './tables.ts';

export type Device = Readonly<Selectable<DeviceTable>>;

/** A device as its lot's owner or a station reports it. */
export interface NewDevice {
  readonly accountId: string;
  readonly serial: string;
  readonly lotId: string;
  readonly lotIndex: number;
  readonly provisioningKey: string;
  readonly endpointKey: string;
  readonly scheme: string;
  readonly provisioning: Extract<Provisioning, 'planned' | 'verified'>;
  readonly model?: string | undefined;
  readonly hardwareId?: string | undefined;
  readonly claimDigest?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** What became of a report; a conflict says nothing of the other device. */
export type RegisterOutcome =
  | { readonly outcome: 'created' | 'unchanged'; readonly device: Device }
  | { readonly outcome: 'conflict' };

/** A device with the credential that it proves itself by. */
export interface CredentialedDevice {
  readonly device: Device;
  readonly provisioningKey: string;
  readonly scheme: string;
}

const MOST_TRIES = 10;

/**
 * Registers one device. The same report again is `unchanged`; one of a planned device that was built
 * since makes it `verified`; the serial or the credential of another device is a `conflict`. One that an
 * upload under way has brought is seen from now on.
 */
export async function registerDevice(change: Change, wanted: NewDevice): Promise<RegisterOutcome> {
  const held = await findHeld(change, wanted);
  if (held) return await compare(change, held, wanted);
  const device = deviceOf(wanted, change.at);
  const inserted = await change.db
    .insertInto('devices')
    .values(device)
    .onConflict((conflict) => conflict.columns(['accountId', 'serial']).doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) return await lostRace(change, wanted);
  const { provisioningKey, endpointKey, scheme } = wanted;
  const credential = await change.db
    .insertInto('credentials')
    .values({ provisioningKey, endpointKey, scheme, deviceId: device.id, isActive: 1 })
    .onConflict((conflict) => conflict.columns(['provisioningKey', 'endpointKey']).doNothing())
    .executeTakeFirst();
  if (credential.numInsertedOrUpdatedRows !== 1n) {
    await change.db.deleteFrom('devices').where('id', '=', device.id).execute();
    return await lostRace(change, wanted);
  }
  const { accountId, id, provisioning } = device;
  change.record({ accountId, type: 'device.registered', subject: id, data: { provisioning } });
  return { outcome: 'created', device };
}

/** The account's device, or undefined, as for another account's and for one of an upload under way. */
export async function findDevice(
  db: Reader,
  accountId: string,
  id: string,
): Promise<Device | undefined> {
  return await db
    .selectFrom('devices')
    .selectAll()
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .where(IS_SHOWN)
    .executeTakeFirst();
}

/**
 * Who may be behind an endpoint key: one device, but a key of another provisioning key can have the same
 * text, so whoever checks a proof tries each. Retired credentials are left out.
 */
export async function findByEndpointKey(
  db: Reader,
  endpointKey: string,
): Promise<CredentialedDevice[]> {
  const rows = await db
    .selectFrom('credentials')
    .innerJoin('devices', 'devices.id', 'credentials.deviceId')
    .selectAll('devices')
    .select(['credentials.provisioningKey', 'credentials.scheme'])
    .where('endpointKey', '=', endpointKey)
    .where('isActive', '=', 1)
    .where(IS_SHOWN)
    .execute();
  return rows.map(({ provisioningKey, scheme, ...device }) => ({
    device,
    provisioningKey,
    scheme,
  }));
}

/** The devices of the account's lot that have one of these credentials. */
export async function findOfLot(
  db: Reader,
  lot: { readonly accountId: string; readonly lotId: string; readonly provisioningKey: string },
  endpointKeys: readonly string[],
): Promise<(Pick<Device, 'id' | 'serial' | 'provisioning'> & { endpointKey: string })[]> {
  const { accountId, lotId, provisioningKey } = lot;
  return await db
    .selectFrom('credentials')
    .innerJoin('devices', 'devices.id', 'credentials.deviceId')
    .select(['devices.id', 'devices.serial', 'devices.provisioning', 'credentials.endpointKey'])
    .where('credentials.provisioningKey', '=', provisioningKey)
    .where('credentials.endpointKey', 'in', endpointKeys)
    .where('devices.accountId', '=', accountId)
    .where('devices.lotId', '=', lotId)
    .where(IS_SHOWN)
    .execute();
}

/**
 * Moves the account's device as `model/device-state.ts` allows; a move that changes nothing is not
 * recorded. Its sessions end where it may not prove itself any more. Throws `object-unknown`,
 * `state-conflict`, and `precondition-failed` where it is no more at `version`.
 */
export async function moveDevice(
  change: Change,
  where: { readonly accountId: string; readonly id: string; readonly version?: number },
  move: DeviceMove,
): Promise<Device> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const device = await findDevice(change.db, where.accountId, where.id);
    if (!device) throw new KeylineError('object-unknown', { message: 'there is no such device' });
    if (where.version !== undefined && where.version !== device.version) {
      throw new KeylineError('precondition-failed', { message: 'the device changed' });
    }
    const next = nextDeviceState(device, move);
    if (!next) {
      throw new KeylineError('state-conflict', {
        message: `a device that is ${device.provisioning} and ${device.enrollment} cannot be ${move === 'rejoined' ? 'released' : move}`,
        facts: { provisioning: device.provisioning, enrollment: device.enrollment, move },
      });
    }
    const { provisioning, enrollment } = next;
    if (provisioning === device.provisioning && enrollment === device.enrollment) return device;
    const moved = await change.db
      .updateTable('devices')
      .set({ provisioning, enrollment, version: device.version + 1 })
      .where('id', '=', device.id)
      .where('accountId', '=', where.accountId)
      .where('version', '=', device.version)
      .returningAll()
      .executeTakeFirst();
    if (!moved) continue; // another process was first
    const { accountId, id: subject } = device;
    const data = { provisioning, enrollment };
    // It would be valid again if the device came back within the hour.
    if (!mayProve(next)) {
      await change.db.deleteFrom('sessions').where('deviceId', '=', subject).execute();
    }
    change.record({ accountId, type: `device.${move}`, subject, data });
    return moved;
  }
  throw new KeylineError('registry-unavailable', { message: 'the device changes all the time' });
}

async function findHeld(change: Change, wanted: NewDevice): Promise<HeldDevice | undefined> {
  const row = await heldDevices(change.db)
    .where('provisioningKey', '=', wanted.provisioningKey)
    .where('endpointKey', '=', wanted.endpointKey)
    .executeTakeFirst();
  return row && toHeld(row);
}

/** Devices with the scheme of their credential and the upload that hides them, to be narrowed down; see `toHeld`. */
export function heldDevices(db: Reader) {
  return db
    .selectFrom('credentials')
    .innerJoin('devices', 'devices.id', 'credentials.deviceId')
    .selectAll('devices')
    .select(['credentials.scheme', HIDDEN_BY.as('hiddenBy')]);
}

/** With no upload where it is seen, whether its row says so already or not. */
export function toHeld<Row extends HeldDevice & { readonly hiddenBy: string | null }>({
  hiddenBy,
  ...device
}: Row): Omit<Row, 'hiddenBy'> & { readonly uploadId: string | null } {
  return { ...device, uploadId: hiddenBy };
}

/** A device with the scheme of the credential that it is held by. */
export type HeldDevice = Device & { readonly scheme: string };

async function compare(
  change: Change,
  { scheme, ...device }: HeldDevice,
  wanted: NewDevice,
): Promise<RegisterOutcome> {
  if (!isSameDevice({ ...device, scheme }, wanted)) return { outcome: 'conflict' };
  if (device.uploadId !== null) return await show(change, { ...device, scheme }, wanted);
  if (device.provisioning !== 'planned' || wanted.provisioning === 'planned') {
    return { outcome: 'unchanged', device };
  }
  const { accountId, id } = device;
  const built = await moveDevice(change, { accountId, id }, 'verified');
  if (wanted.hardwareId === undefined || built.hardwareId !== null) {
    return { outcome: 'unchanged', device: built };
  }
  const { hardwareId } = wanted;
  await change.db.updateTable('devices').set({ hardwareId }).where('id', '=', id).execute();
  return { outcome: 'unchanged', device: { ...built, hardwareId } };
}

/** One of an upload that is not committed yet, and may never be: whoever reports it by itself sees it. */
async function show(
  change: Change,
  hidden: HeldDevice,
  wanted: NewDevice,
): Promise<RegisterOutcome> {
  const { accountId, id, provisioning } = hidden;
  await change.db.updateTable('devices').set({ uploadId: null }).where('id', '=', id).execute();
  change.record({ accountId, type: 'device.registered', subject: id, data: { provisioning } });
  const shown = await compare(change, { ...hidden, uploadId: null }, wanted);
  return shown.outcome === 'unchanged' ? { ...shown, outcome: 'created' } : shown;
}

/** Whether a report speaks of this device and contradicts nothing that is known of it. */
export function isSameDevice(held: HeldDevice, wanted: NewDevice): boolean {
  return (
    held.accountId === wanted.accountId &&
    held.serial === wanted.serial &&
    held.lotId === wanted.lotId &&
    held.lotIndex === wanted.lotIndex &&
    held.scheme === wanted.scheme &&
    agrees(held.model, wanted.model) &&
    agrees(held.claimDigest, wanted.claimDigest) &&
    agrees(held.hardwareId, wanted.hardwareId)
  );
}

/** What was left out says nothing against what is known, and the other way round. */
function agrees(known: string | null, said: string | undefined): boolean {
  return known === null || said === undefined || known === said;
}

/** Another transaction was faster with this serial or credential. */
async function lostRace(change: Change, wanted: NewDevice): Promise<RegisterOutcome> {
  const held = await findHeld(change, wanted);
  return held ? await compare(change, held, wanted) : { outcome: 'conflict' };
}

function deviceOf(wanted: NewDevice, at: string): Device {
  const { accountId, serial, lotId, lotIndex, provisioning, attributes } = wanted;
  return {
    ...{ id: newId('dv', at), accountId, serial, lotId, lotIndex, provisioning },
    uploadId: null,
    model: wanted.model ?? null,
    hardwareId: wanted.hardwareId ?? null,
    claimDigest: wanted.claimDigest ?? null,
    attributes: attributes === undefined ? null : JSON.stringify(attributes),
    enrollment: 'pending',
    isCancelled: 0,
    mark: null,
    custodyStep: 0,
    ...{ configStep: null, configVersion: null, ackStep: null, ackVersion: null, ackDigest: null },
    ...{ counter: null, firmware: null, lastSeenAt: null },
    createdAt: at,
    version: 1,
  };
}

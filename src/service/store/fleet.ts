import { KeylineError } from '../../kernel/errors.ts';
import { parseEndpointKey } from '../../model/ids.ts';
import { fitting } from './device-query.ts';
import type { DeviceQuery, FleetDevice } from './device-query.ts';
import type { Reader } from './store.ts';

/** One transfer that the device went through. */
export interface CustodyEntry {
  readonly step: number;
  /** Handles. */
  readonly from: string;
  readonly to: string;
  readonly at: string;
}

/**
 * The account's device by its id, its endpoint key or its serial, in this order. Throws `object-unknown`,
 * as for another account's, and for one that is not of the lots of `station`.
 */
export async function needFleetDevice(
  db: Reader,
  accountId: string,
  name: string,
  query: Pick<DeviceQuery, 'station'> = {},
): Promise<FleetDevice> {
  const ids = name.startsWith('dv_') ? [name] : await idsOf(db, name);
  for (const id of ids) {
    const device = await one(db, { accountId, query }, ['devices.id', id]);
    if (device) return device;
  }
  const device = await one(db, { accountId, query }, ['devices.serial', name]);
  if (device) return device;
  throw new KeylineError('object-unknown', { message: 'there is no such device' });
}

/** The device's transfers, the first one first. */
export async function custodyOf(db: Reader, deviceId: string): Promise<CustodyEntry[]> {
  return await db
    .selectFrom('custody')
    .innerJoin('accounts as source', 'source.id', 'custody.fromAccountId')
    .innerJoin('accounts as destination', 'destination.id', 'custody.toAccountId')
    .select(['custody.step', 'custody.createdAt as at'])
    .select(['source.handle as from', 'destination.handle as to'])
    .where('custody.deviceId', '=', deviceId)
    .orderBy('custody.step')
    .execute();
}

/** Looked up by itself: beside an account, SQLite would walk all devices of that. */
async function idsOf(db: Reader, endpointKey: string): Promise<string[]> {
  if (!parseEndpointKey(endpointKey)) return [];
  const rows = await db
    .selectFrom('credentials')
    .select('deviceId')
    .where('endpointKey', '=', endpointKey)
    .where('isActive', '=', 1)
    .execute();
  return rows.map(({ deviceId }) => deviceId);
}

async function one(
  db: Reader,
  { accountId, query }: { readonly accountId: string; readonly query: DeviceQuery },
  [column, value]: readonly ['devices.id' | 'devices.serial', string],
): Promise<FleetDevice | undefined> {
  return await fitting(db, accountId, query).where(column, '=', value).limit(1).executeTakeFirst();
}

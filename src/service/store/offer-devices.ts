import { IS_SHOWN } from './shown.ts';
import type { Change, Reader } from './store.ts';
import type { Transfer } from './transfers.ts';
import { unindexed } from './unindexed.ts';

/** Serials that an error names, at most. */
export const NAMED = 10;

/** Inserts items for those of the devices that can be offered; resolves to how many. */
export async function offerDevices(
  change: Change,
  wanted: {
    readonly transfer: Transfer;
    readonly ids: readonly string[];
    readonly includePlanned: boolean;
  },
): Promise<number> {
  const { transfer, ids, includePlanned } = wanted;
  const built = includePlanned ? (['verified', 'planned'] as const) : (['verified'] as const);
  const inserted = await change.db
    .insertInto('transferItems')
    .columns(['transferId', 'deviceId', 'state', 'reason', 'decidedAt'])
    .expression((eb) =>
      eb
        .selectFrom('devices')
        .select((device) => [
          device.val(transfer.id).as('transferId'),
          device.ref('devices.id').as('deviceId'),
          device.val('offered' as const).as('state'),
          device.lit(null).as('reason'),
          device.lit(null).as('decidedAt'),
        ])
        .where('devices.id', 'in', ids)
        .where(unindexed(change.dialect, 'accountId'), '=', transfer.sourceAccountId)
        .where(IS_SHOWN)
        .where('provisioning', 'in', built)
        .where('enrollment', 'in', ['pending', 'enrolled'])
        .where('isCancelled', '=', 0)
        .orderBy('devices.id'),
    )
    .onConflict((conflict) => conflict.doNothing()) // one open item a device
    .executeTakeFirst();
  return Number(inserted.numInsertedOrUpdatedRows ?? 0n) - (await takeBack(change, transfer, ids));
}

/**
 * On PostgreSQL the insertion may have waited for the end of another offer, by which the device went to
 * somebody else: the rows of devices are older then than the index. With the items there nobody else moves
 * these devices, so that another look is the last. Resolves to how many items are gone.
 */
async function takeBack(
  { db, dialect }: Change,
  { id, sourceAccountId }: Transfer,
  ids: readonly string[],
): Promise<number> {
  if (dialect === 'sqlite') return 0;
  const { numDeletedRows } = await db
    .deleteFrom('transferItems')
    .where('transferId', '=', id)
    .where('deviceId', 'in', ids)
    .where('deviceId', 'not in', (eb) =>
      eb
        .selectFrom('devices')
        .select('id')
        .where('id', 'in', ids)
        .where('accountId', '=', sourceAccountId),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** A device that cannot be offered. */
export interface HeldBack {
  readonly serial: string;
  readonly provisioning: string;
}

/** Those devices that the transfer does not have, the first of them. */
export async function notOffered(
  db: Reader,
  transferId: string,
  ids: readonly string[],
): Promise<HeldBack[]> {
  return await db
    .selectFrom('devices')
    .leftJoin('transferItems as i', (join) =>
      join.onRef('i.deviceId', '=', 'devices.id').on('i.transferId', '=', transferId),
    )
    .select(['serial', 'provisioning'])
    .where('id', 'in', ids)
    .where('i.deviceId', 'is', null)
    .orderBy('serial')
    .limit(NAMED)
    .execute();
}

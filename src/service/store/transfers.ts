import { setImmediate } from 'node:timers/promises';
import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import { NO_ITEMS } from '../../model/transfer-state.ts';
import type { ItemCounts } from '../../model/transfer-state.ts';
import { findAccountByHandle } from './accounts.ts';
import { newId } from './new-id.ts';
import type { Change, Reader } from './store.ts';
import { idPages } from './transfer-devices.ts';
import type { OfferedDevices } from './transfer-devices.ts';
import type { Tables } from './tables.ts';
import { unindexed } from './unindexed.ts';

export type Transfer = Readonly<Selectable<Tables['transfers']>>;

/** Serials that an error names, at most. */
const NAMED = 10;

/** An offer of devices to another account. */
export interface NewTransfer {
  readonly sourceAccountId: string;
  /** The destination's public handle. */
  readonly to: string;
  readonly devices: OfferedDevices;
  /** Devices that no line has reported as built, too. */
  readonly includePlanned: boolean;
  readonly note?: string | undefined;
  readonly expiresAt: string;
}

/** What was offered; of a lot, a range or a query, devices that cannot be offered now are left out. */
export interface RequestedTransfer {
  readonly transfer: Transfer;
  readonly leftOut: number;
}

/**
 * Offers devices as they are now, in one transaction. Throws `object-unknown` for a handle that does not
 * exist or does not receive, in the same words, and for a device that is not the source's;
 * `state-conflict` for a listed one that cannot be offered, and where there is none at all.
 */
export async function requestTransfer(
  change: Change,
  wanted: NewTransfer,
): Promise<RequestedTransfer> {
  const { sourceAccountId, to, includePlanned, note, expiresAt } = wanted;
  const destination = await findAccountByHandle(change.db, to);
  const receives = destination?.state === 'active' && destination.isReceiving === 1;
  if (!receives || destination.id === sourceAccountId) {
    throw new KeylineError('object-unknown', {
      message: 'no other account has this handle and receives devices',
      hint: 'Ask the other account for its handle, which `keyline registry account show` says there.',
    });
  }
  const id = newId('tr', change.at);
  const row = { id, sourceAccountId, destinationAccountId: destination.id, expiresAt };
  const transfer: Transfer = {
    ...{ ...row, state: 'open', items: 0, decision: null, isStanding: 0, note: note ?? null },
    ...{ createdAt: change.at, version: 1 },
  };
  await change.db.insertInto('transfers').values(transfer).execute();
  let [items, asked] = [0, 0];
  const heldBack: HeldBack[] = [];
  for await (const ids of idPages(change.db, sourceAccountId, wanted.devices)) {
    asked += ids.length;
    const offered = await offer(change, { transfer, ids, includePlanned });
    items += offered;
    if (offered < ids.length && heldBack.length < NAMED) {
      heldBack.push(...(await notOffered(change.db, id, ids)));
    }
    // Others read between two pages.
    await setImmediate();
  }
  const isList = !('lotId' in wanted.devices || 'query' in wanted.devices);
  if (items === 0 || (isList && items < asked)) {
    throw new KeylineError('state-conflict', {
      message: `${asked - items} of ${asked} devices cannot be offered, the first is ${heldBack[0]?.serial ?? ''}`,
      hint: hintFor(heldBack, includePlanned),
      facts: {
        ...{ asked, offered: items },
        serials: heldBack.slice(0, NAMED).map(({ serial }) => serial),
      },
    });
  }
  await change.db.updateTable('transfers').set({ items }).where('id', '=', id).execute();
  for (const accountId of [sourceAccountId, destination.id]) {
    change.record({ accountId, type: 'transfer.requested', subject: id, data: { items } });
  }
  return { transfer: { ...transfer, items }, leftOut: asked - items };
}

/** A transfer that this account gives or gets, or undefined. */
export async function findTransfer(
  db: Reader,
  accountId: string,
  id: string,
): Promise<Transfer | undefined> {
  return await db
    .selectFrom('transfers')
    .selectAll()
    .where('id', '=', id)
    .where((eb) =>
      eb.or([eb('sourceAccountId', '=', accountId), eb('destinationAccountId', '=', accountId)]),
    )
    .executeTakeFirst();
}

/** The transfers that the account gives, or gets, before this id, the newest first. */
export async function listTransfers(
  db: Reader,
  filter: {
    readonly accountId: string;
    readonly as: 'source' | 'destination';
    readonly state?: Transfer['state'] | undefined;
  },
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<Transfer[]> {
  const { accountId, as, state } = filter;
  return await db
    .selectFrom('transfers')
    .selectAll()
    .where(as === 'source' ? 'sourceAccountId' : 'destinationAccountId', '=', accountId)
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'open'))
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** How many of its rows are in each state, a decision whose rows follow left aside. */
export async function countRows(db: Reader, transferId: string): Promise<ItemCounts> {
  const rows = await db
    .selectFrom('transferItems')
    .select(({ fn }) => ['state', fn.countAll().as('n')])
    .where('transferId', '=', transferId)
    .groupBy('state')
    .execute();
  return { ...NO_ITEMS, ...Object.fromEntries(rows.map(({ state, n }) => [state, Number(n)])) };
}

/** Inserts items for those of the devices that can be offered; resolves to how many. */
async function offer(
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
        .where('uploadId', 'is', null)
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
interface HeldBack {
  readonly serial: string;
  readonly provisioning: string;
}

function hintFor(heldBack: readonly HeldBack[], includePlanned: boolean): string {
  const isPlanned = heldBack.some(({ provisioning }) => provisioning === 'planned');
  return isPlanned && !includePlanned
    ? 'No line has reported them: register what was built, or offer planned ones too with --include-planned.'
    : 'Devices that are retired, quarantined, cancelled, failed or offered already cannot; `keyline escrow list` shows each.';
}

/** Those devices that the transfer does not have, the first of them. */
async function notOffered(
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

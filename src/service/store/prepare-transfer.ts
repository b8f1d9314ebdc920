import { setImmediate } from 'node:timers/promises';
import { later } from '../../kernel/clock.ts';
import { KeylineError } from '../../kernel/errors.ts';
import {
  destinationOf,
  givenUp,
  newTransfer,
  NOTHING_OFFERED,
  offerPage,
} from './request-transfer.ts';
import type { NewTransfer, OfferUnderWay } from './request-transfer.ts';
import type { Change, Origin, Reader, Store } from './store.ts';
import { idPages } from './transfer-devices.ts';
import type { Transfer } from './transfers.ts';

/** A preparation that is silent so long is dead. */
const LEASE_MS = 10_000;
/** Items that are undone in one transaction. */
const BATCH = 2_000;

/** An offer that nobody sees yet; undone when it is disposed, unless it was completed. */
export interface PreparedTransfer extends OfferUnderWay, AsyncDisposable {}

/**
 * Offers many devices, a page a transaction, so that nobody waits for long; they are held from then on, and nobody sees
 * it before `completeTransfer`. `key` names the request: while it is prepared once, a second call is
 * `idempotency-in-flight`. Of a process that died, another undoes it (`undoOneDead`). Throws as `requestTransfer`
 * does.
 */
export async function prepareTransfer(
  store: Store,
  origin: Origin,
  { wanted, key }: { readonly wanted: NewTransfer; readonly key: string },
): Promise<PreparedTransfer> {
  const transfer = await begin(store, origin, { wanted, key });
  // Where the database does not answer, whoever looks for dead ones undoes it.
  const undo = (): Promise<void> => undoTransfer(store, transfer.id).catch(() => undefined);
  try {
    let tally = NOTHING_OFFERED;
    for await (const ids of idPages(store.reader, wanted.sourceAccountId, wanted.devices)) {
      tally = await store.change(origin, async (change) => {
        await renew(change, transfer);
        return await offerPage(change, { transfer, wanted, tally }, ids);
      });
      // Others have their turn between two pages, on SQLite too.
      await setImmediate();
    }
    return { transfer, wanted, tally, [Symbol.asyncDispose]: undo };
  } catch (error) {
    await undo();
    throw error;
  }
}

/** Undoes one whose process has died; false where there is none. */
export async function undoOneDead(store: Store): Promise<boolean> {
  const id = await store.change(ORIGIN, async ({ db, at }) => {
    const dead = db
      .selectFrom('transfers')
      .select('id')
      .where('preparing', 'is not', null)
      .where('expiresAt', '<=', at);
    return (await dead.limit(1).executeTakeFirst())?.id;
  });
  if (id !== undefined) await undoTransfer(store, id);
  return id !== undefined;
}

/**
 * Ends every lease, so that what a process left that was killed is undone at once. Only for whoever knows that no
 * other process works on this database.
 */
export async function endPreparations({ db, at }: Change): Promise<void> {
  await db
    .updateTable('transfers')
    .set({ expiresAt: at })
    .where('preparing', 'is not', null)
    .execute();
}

const ORIGIN = { actor: 'registry' } as const;

async function begin(
  store: Store,
  origin: Origin,
  { wanted, key }: { readonly wanted: NewTransfer; readonly key: string },
): Promise<Transfer> {
  for (;;) {
    const begun = await store.change(origin, async (change) => {
      const row = newTransfer(wanted, await destinationOf(change, wanted), change.at);
      const hidden = { ...row, preparing: key, expiresAt: leaseEnd(change.at) };
      const inserted = await change.db
        .insertInto('transfers')
        .values(hidden)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (inserted.numInsertedOrUpdatedRows === 1n) return { transfer: hidden };
      return { dead: await findDead(change.db, key, change.at) };
    });
    if ('transfer' in begun) return begun.transfer;
    if (begun.dead === undefined) {
      throw new KeylineError('idempotency-in-flight', { message: 'the first is on its way' });
    }
    await undoTransfer(store, begun.dead);
  }
}

async function findDead(db: Reader, key: string, at: string): Promise<string | undefined> {
  const query = db.selectFrom('transfers').select('id').where('preparing', '=', key);
  return (await query.where('expiresAt', '<=', at).executeTakeFirst())?.id;
}

async function renew({ db, at }: Change, { id, preparing }: Transfer): Promise<void> {
  const renewed = await db
    .updateTable('transfers')
    .set({ expiresAt: leaseEnd(at) })
    .where('id', '=', id)
    .where('preparing', '=', preparing)
    .executeTakeFirst();
  if (renewed.numUpdatedRows !== 1n) throw givenUp();
}

/** Frees the devices again; one that was completed is left alone. */
async function undoTransfer(store: Store, id: string): Promise<void> {
  // From then on nobody adds to it or completes it, and its key is free.
  const isGivenUp = await store.change(ORIGIN, async ({ db, at }) => {
    const ended = await db
      .updateTable('transfers')
      .set({ preparing: `given up: ${id}`, expiresAt: at })
      .where('id', '=', id)
      .where('preparing', 'is not', null)
      .executeTakeFirst();
    return ended.numUpdatedRows === 1n;
  });
  for (let isMore = isGivenUp; isMore;) {
    isMore = await store.change(ORIGIN, (change) => undoBatch(change, id));
  }
}

async function undoBatch({ db }: Change, id: string): Promise<boolean> {
  const some = db.selectFrom('transferItems').select('deviceId').where('transferId', '=', id);
  const { numDeletedRows } = await db
    .deleteFrom('transferItems')
    .where('transferId', '=', id)
    .where('deviceId', 'in', some.limit(BATCH))
    .executeTakeFirst();
  if (numDeletedRows > 0n) return true;
  // On PostgreSQL another that undoes it as well may have had just these: some can be left.
  const left = await some.limit(1).executeTakeFirst();
  if (left) return true;
  await db.deleteFrom('transfers').where('id', '=', id).execute();
  return false;
}

function leaseEnd(at: string): string {
  return later(at, LEASE_MS);
}

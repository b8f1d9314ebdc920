import { setTimeout } from 'node:timers/promises';
import { later } from '../../kernel/clock.ts';
import type { Change, Reader, Store } from './store.ts';
import type { Upload } from './uploads.ts';

const ORIGIN = { actor: 'registry' } as const;
/** A settlement that is silent so long is dead. */
const LEASE_MS = 10_000;
/** Devices of one transaction. */
const STRETCH = 4_096;
/** On SQLite whoever waits for the file looks every 2 ms. */
const PAUSE_MS = 5;

/** Its devices are seen from now on; those that settle it take its id from their rows. */
export function settlingFrom(at: string): string {
  return later(at, LEASE_MS);
}

/**
 * Takes the id of an upload that is shown from the rows of its devices, a few thousand a transaction, so that nobody
 * waits for a million of them. What it left another call goes on with; two at once do no harm.
 */
export async function settleUpload(
  store: Store,
  upload: Pick<Upload, 'id' | 'lotId'>,
  signal?: AbortSignal,
): Promise<void> {
  let after: number | undefined = -1;
  while (after !== undefined && !signal?.aborted) {
    const from: number = after;
    after = await store.change(ORIGIN, (change) => settleStretch(change, upload, from));
    if (after !== undefined) await setTimeout(PAUSE_MS);
  }
}

/** Settles one whose process has died; false where there is none. */
export async function settleOneDead(store: Store, signal: AbortSignal): Promise<boolean> {
  const dead = await store.change(ORIGIN, ({ db, at }) => findDead(db, at));
  if (dead) await settleUpload(store, dead, signal);
  return dead !== undefined;
}

/**
 * Ends every lease, so that what a process left that was killed is settled at once. Only for whoever knows that no
 * other process works on this database.
 */
export async function endSettlements({ db, at }: Change): Promise<void> {
  await db
    .updateTable('uploads')
    .set({ settlingUntil: at })
    .where('settlingUntil', 'is not', null)
    .execute();
}

async function findDead(db: Reader, at: string): Promise<Pick<Upload, 'id' | 'lotId'> | undefined> {
  return await db
    .selectFrom('uploads')
    .select(['id', 'lotId'])
    .where('settlingUntil', 'is not', null)
    .where('settlingUntil', '<=', at)
    .limit(1)
    .executeTakeFirst();
}

/** Resolves to the last index that it did, or undefined: the upload is settled. */
async function settleStretch(
  { db, at }: Change,
  { id, lotId }: Pick<Upload, 'id' | 'lotId'>,
  after: number,
): Promise<number | undefined> {
  const { last } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('devices')
        .select('lotIndex')
        .where('lotId', '=', lotId)
        .where('uploadId', '=', id)
        .where('lotIndex', '>', after)
        .orderBy('lotIndex')
        .limit(STRETCH)
        .as('stretch'),
    )
    .select(({ fn }) => fn.max<number | null>('lotIndex').as('last'))
    .executeTakeFirstOrThrow();
  const isOver = last === null;
  await db
    .updateTable('uploads')
    .set({ settlingUntil: isOver ? null : settlingFrom(at) })
    .where('id', '=', id)
    .where('settlingUntil', 'is not', null)
    .execute();
  if (isOver) return undefined;
  await db
    .updateTable('devices')
    .set({ uploadId: null })
    .where('lotId', '=', lotId)
    .where('uploadId', '=', id)
    .where('lotIndex', '>', after)
    .where('lotIndex', '<=', last)
    .execute();
  return last;
}

import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import { lotEnd } from '../../model/lot.ts';
import type { Lot } from '../../model/lot.ts';
import { findKey } from './keys.ts';
import type { StationPlace } from './station-lots.ts';
import type { Change, Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type RegisteredLot = Readonly<Selectable<Tables['lots']>>;

/**
 * Enters a lot of one of the account's keys; the same descriptor again changes nothing. Throws
 * `object-unknown` where the account does not hold the key, `state-conflict` for another descriptor of
 * the same lot.
 */
export async function enterLot(
  change: Change,
  accountId: string,
  { lot, descriptor }: { readonly lot: Lot; readonly descriptor: string },
): Promise<{ readonly lot: RegisteredLot; readonly isNew: boolean }> {
  const { lotId: id, provisioningKey, code, model, scheme } = lot;
  if (!(await findKey(change.db, accountId, provisioningKey))) {
    throw new KeylineError('object-unknown', {
      message: 'the account holds no such provisioning key',
      hint: 'Register the key first with `keyline registry key add`.',
    });
  }
  const inserted = await change.db
    .insertInto('lots')
    .values({
      ...{ id, accountId, provisioningKey, code, scheme, descriptor },
      model: model ?? null,
      units: lotEnd(lot),
      createdAt: change.at,
      version: 1,
    })
    .onConflict((conflict) => conflict.columns(['accountId', 'id']).doNothing())
    .executeTakeFirst();
  const isNew = inserted.numInsertedOrUpdatedRows === 1n;
  const entered = await findLot(change.db, accountId, id);
  if (entered?.descriptor !== descriptor) {
    throw new KeylineError('state-conflict', {
      message: `lot ${id} is registered with another descriptor`,
    });
  }
  if (isNew) change.record({ accountId, type: 'lot.added', subject: id });
  return { lot: entered, isNew };
}

/** The account's lot, or undefined. */
export async function findLot(
  db: Reader,
  accountId: string,
  id: string,
): Promise<RegisteredLot | undefined> {
  return await db
    .selectFrom('lots')
    .selectAll()
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .executeTakeFirst();
}

/** The account's lots in the order of their ids, or those with this code. */
export async function listLots(
  db: Reader,
  accountId: string,
  page: {
    readonly limit: number;
    readonly after?: string | undefined;
    readonly code?: string | undefined;
    /** Only those that this station was given. */
    readonly station?: string | undefined;
  },
): Promise<RegisteredLot[]> {
  const { limit, after = '', code, station } = page;
  return await db
    .selectFrom('lots')
    .selectAll()
    .where('accountId', '=', accountId)
    .where('id', '>', after)
    .$if(code !== undefined, (query) => query.where('code', '=', code ?? ''))
    .$if(station !== undefined, (query) =>
      query.where('id', 'in', (eb) =>
        eb
          .selectFrom('stationLots')
          .select('lotId')
          .where('principalId', '=', station ?? '')
          .where('accountId', '=', accountId),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Whether a station was given the account's lot. */
export async function isLotOfStation(
  db: Reader,
  { accountId, principalId }: StationPlace,
  lotId: string,
): Promise<boolean> {
  const query = db
    .selectFrom('stationLots')
    .select('lotId')
    .where('principalId', '=', principalId)
    .where('accountId', '=', accountId)
    .where('lotId', '=', lotId);
  return (await query.executeTakeFirst()) !== undefined;
}

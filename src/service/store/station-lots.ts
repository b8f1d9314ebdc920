import { KeylineError } from '../../kernel/errors.ts';
import type { Role } from '../../model/role.ts';
import type { Change, Reader } from './store.ts';

/** Whose lots, in which account. */
export interface StationPlace {
  readonly accountId: string;
  readonly principalId: string;
}

/** Ids of the account's lots that the station was given, in their order. */
export async function lotsOfStation(
  db: Reader,
  { accountId, principalId }: StationPlace,
): Promise<string[]> {
  const rows = await db
    .selectFrom('stationLots')
    .select('lotId')
    .where('principalId', '=', principalId)
    .where('accountId', '=', accountId)
    .orderBy('lotId')
    .execute();
  return rows.map(({ lotId }) => lotId);
}

/**
 * Puts these lots in place of those that the station was given in the account. Throws `state-conflict`
 * for who is no station and is to have some, `object-unknown` for a lot that is not the account's.
 */
export async function setStationLots(
  change: Change,
  place: StationPlace & { readonly roles: readonly Role[] },
  lots: readonly string[],
): Promise<void> {
  const { accountId, principalId, roles } = place;
  const wanted = [...new Set(lots)].sort();
  if (wanted.length > 0 && !roles.includes('station')) {
    throw new KeylineError('state-conflict', { message: 'only a station is given lots' });
  }
  const own = change.db.selectFrom('lots').select('id').where('accountId', '=', accountId);
  const known = wanted.length === 0 ? [] : await own.where('id', 'in', wanted).execute();
  if (known.length !== wanted.length) {
    const held = known.map(({ id }) => id);
    throw new KeylineError('object-unknown', {
      message: 'the account has no such lot',
      hint: 'Register it first: `keyline escrow register LOT` does, and so does `station register`.',
      facts: { lots: wanted.filter((lot) => !held.includes(lot)) },
    });
  }
  await change.db
    .deleteFrom('stationLots')
    .where('principalId', '=', principalId)
    .where('accountId', '=', accountId)
    .execute();
  const rows = wanted.map((lotId) => ({ principalId, accountId, lotId }));
  if (rows.length > 0) await change.db.insertInto('stationLots').values(rows).execute();
  const data = { lots: wanted.join(' ') };
  change.record({ accountId, type: 'station.lots-changed', subject: principalId, data });
}

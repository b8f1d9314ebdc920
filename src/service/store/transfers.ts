import type { Selectable } from 'kysely';
import { NO_ITEMS } from '../../model/transfer-state.ts';
import type { ItemCounts } from '../../model/transfer-state.ts';
import type { Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type Transfer = Readonly<Selectable<Tables['transfers']>>;

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
    .where('preparing', 'is', null)
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
    .where('preparing', 'is', null)
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

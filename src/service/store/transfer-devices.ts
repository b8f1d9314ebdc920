import { KeylineError } from '../../kernel/errors.ts';
import { scanDevices } from './device-query.ts';
import type { DeviceQuery } from './device-query.ts';
import { IS_SHOWN } from './shown.ts';
import type { Reader } from './store.ts';

/** Devices one by one, each by one of its names. */
export interface ListedDevices {
  readonly ids?: readonly string[] | undefined;
  readonly serials?: readonly string[] | undefined;
  readonly endpointKeys?: readonly string[] | undefined;
}

/** Which of its devices an account offers: a list, a lot's units from the first index to the last, or a query. */
export type OfferedDevices =
  | ListedDevices
  | {
      readonly lotId: string;
      readonly first?: number | undefined;
      readonly last?: number | undefined;
    }
  | { readonly query: DeviceQuery };

/** Some milliseconds of a transaction. */
const PAGE = 1_000;

/**
 * The ids, a thousand at a time, each once. Throws `object-unknown` for a name that is none of the
 * account's devices, and for a lot or a query that no device of it fits.
 */
export async function* idPages(
  db: Reader,
  accountId: string,
  devices: OfferedDevices,
): AsyncGenerator<string[]> {
  if ('lotId' in devices) yield* ofLot(db, accountId, devices);
  else if ('query' in devices) yield* queried(db, accountId, devices.query);
  else yield* listed(db, accountId, devices);
}

async function* listed(
  db: Reader,
  accountId: string,
  devices: ListedDevices,
): AsyncGenerator<string[]> {
  const seen = new Set<string>();
  for (const name of ['ids', 'serials', 'endpointKeys'] as const) {
    const names = [...new Set(devices[name])];
    for (let from = 0; from < names.length; from += PAGE) {
      const page = names.slice(from, from + PAGE);
      const found = await NAMED[name](db, accountId, page);
      const unknown = page.find((text) => !found.has(text));
      if (unknown !== undefined) {
        throw new KeylineError('object-unknown', {
          message: `this account has no device ${unknown}`,
          facts: { device: unknown },
        });
      }
      // A device may be named in two ways.
      const fresh = [...found.values()].filter((id) => !seen.has(id));
      for (const id of fresh) seen.add(id);
      if (fresh.length > 0) yield fresh;
    }
  }
}

/** From names of one kind to the ids of the account's devices that have them. */
type Lookup = (
  db: Reader,
  accountId: string,
  names: readonly string[],
) => Promise<ReadonlyMap<string, string>>;

const NAMED: Readonly<Record<keyof ListedDevices, Lookup>> = {
  ids: async (db, accountId, names) => {
    // Not by the account: SQLite would rather walk all of its devices than look for each of these.
    const rows = await db
      .selectFrom('devices')
      .select(['id', 'accountId'])
      .where('id', 'in', names)
      .where(IS_SHOWN)
      .execute();
    const own = rows.filter((row) => row.accountId === accountId);
    return new Map(own.map(({ id }) => [id, id]));
  },
  serials: async (db, accountId, names) => {
    const rows = await db
      .selectFrom('devices')
      .select(['id', 'serial'])
      .where('accountId', '=', accountId)
      .where('serial', 'in', names)
      .where(IS_SHOWN)
      .execute();
    return new Map(rows.map(({ id, serial }) => [serial, id]));
  },
  endpointKeys: async (db, accountId, names) => {
    const rows = await db
      .selectFrom('credentials')
      .innerJoin('devices', 'devices.id', 'credentials.deviceId')
      .select(['devices.id', 'endpointKey', 'accountId'])
      .where('endpointKey', 'in', names)
      .where('isActive', '=', 1)
      .where(IS_SHOWN)
      .execute();
    const own = rows.filter((row) => row.accountId === accountId);
    return new Map(own.map(({ id, endpointKey }) => [endpointKey, id]));
  },
};

async function* ofLot(
  db: Reader,
  accountId: string,
  { lotId, first = 0, last }: Extract<OfferedDevices, { lotId: string }>,
): AsyncGenerator<string[]> {
  let end: { readonly id: string; readonly lotIndex: number } | undefined;
  for (;;) {
    const { id: lastId = '', lotIndex: from = first } = end ?? {};
    const page: { readonly id: string; readonly lotIndex: number }[] = await db
      .selectFrom('devices')
      .select(['id', 'lotIndex'])
      .where('lotId', '=', lotId)
      .where('accountId', '=', accountId)
      .where(IS_SHOWN)
      .where('lotIndex', '>=', from)
      // Others may have made two lots of this id: then there are two of an index.
      .where((eb) => eb.or([eb('lotIndex', '>', from), eb('id', '>', lastId)]))
      .$if(last !== undefined, (query) => query.where('lotIndex', '<=', last ?? 0))
      .orderBy('lotIndex')
      .orderBy('id')
      .limit(PAGE)
      .execute();
    if (page.length === 0) break;
    yield page.map(({ id }) => id);
    end = page.at(-1);
  }
  if (end) return;
  throw new KeylineError('object-unknown', {
    message: 'this account has no device of that lot and range',
  });
}

async function* queried(
  db: Reader,
  accountId: string,
  query: DeviceQuery,
): AsyncGenerator<string[]> {
  let isEmpty = true;
  for await (const rows of scanDevices(db, { accountId, query }, { batch: PAGE })) {
    isEmpty = false;
    yield rows.map(({ id }) => id);
  }
  if (!isEmpty) return;
  throw new KeylineError('object-unknown', { message: 'no device of this account fits the query' });
}

import { KeylineError } from '../../kernel/errors.ts';
import type { Reader } from './store.ts';

/** Which of its devices an account offers: a list, or a lot's units from the first index to the last. */
export type OfferedDevices =
  | { readonly ids: readonly string[] }
  | {
      readonly lotId: string;
      readonly first?: number | undefined;
      readonly last?: number | undefined;
    };

const PAGE = 1_000;

/**
 * The ids, a thousand at a time, each once. Throws `object-unknown` for one that is not the account's, and
 * for a lot of which it has no device.
 */
export async function* idPages(
  db: Reader,
  accountId: string,
  devices: OfferedDevices,
): AsyncGenerator<string[]> {
  if ('ids' in devices) yield* listed(db, accountId, devices.ids);
  else yield* ofLot(db, accountId, devices);
}

async function* listed(
  db: Reader,
  accountId: string,
  all: readonly string[],
): AsyncGenerator<string[]> {
  const ids = [...new Set(all)];
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = ids.slice(from, from + PAGE);
    const { n } = await db
      .selectFrom('devices')
      .select(({ fn }) => fn.countAll().as('n'))
      .where('id', 'in', page)
      .where('accountId', '=', accountId)
      .where('uploadId', 'is', null)
      .executeTakeFirstOrThrow();
    if (Number(n) !== page.length) throw unknown('a device of the list is not this account’s');
    yield page;
  }
}

async function* ofLot(
  db: Reader,
  accountId: string,
  { lotId, first = 0, last }: Extract<OfferedDevices, { lotId: string }>,
): AsyncGenerator<string[]> {
  for (let from = first, isFirst = true; ; isFirst = false) {
    const page = await db
      .selectFrom('devices')
      .select(['id', 'lotIndex'])
      .where('lotId', '=', lotId)
      .where('accountId', '=', accountId)
      .where('uploadId', 'is', null)
      .where('lotIndex', '>=', from)
      .$if(last !== undefined, (query) => query.where('lotIndex', '<=', last ?? 0))
      .orderBy('lotIndex')
      .limit(PAGE)
      .execute();
    const end = page.at(-1);
    if (!end) {
      if (isFirst) throw unknown('this account has no device of that lot and range');
      return;
    }
    yield page.map(({ id }) => id);
    from = end.lotIndex + 1;
  }
}

function unknown(message: string): KeylineError {
  return new KeylineError('object-unknown', { message });
}

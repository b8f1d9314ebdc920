import type { Kysely, Transaction } from 'kysely';
import type { Clock } from '../../kernel/clock.ts';
import { writeRecords } from './records.ts';
import type { Change, Dialect, Origin, StoreRecord } from './store.ts';
import type { Tables } from './tables.ts';

/** What a database adds to the way of a change that both share. */
export interface ChangeParts {
  readonly db: Kysely<Tables>;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly origin: Origin;
  /** Called inside the transaction, before the commit, with the ids to be woken. */
  readonly beforeCommit?: (db: Transaction<Tables>, ids: readonly string[]) => Promise<void>;
}

/** Runs `work` and its records in one transaction; resolves to its result and to the ids to be woken. */
export async function runChange<T>(
  { db, dialect, clock, origin, beforeCommit }: ChangeParts,
  work: (change: Change) => Promise<T>,
): Promise<{ readonly result: T; readonly woken: readonly string[] }> {
  return await db.transaction().execute(async (transaction) => {
    const at = clock.now().toISOString();
    const records: StoreRecord[] = [];
    const ids = new Set<string>();
    const result = await work({
      db: transaction,
      dialect,
      at,
      record: (record) => void records.push(record),
      wake: (id) => void ids.add(id),
    });
    await writeRecords(transaction, records, { ...origin, at, dialect });
    for (const { accountId, subject } of records) ids.add(accountId).add(subject);
    const woken = [...ids];
    if (woken.length > 0) await beforeCommit?.(transaction, woken);
    return { result, woken };
  });
}

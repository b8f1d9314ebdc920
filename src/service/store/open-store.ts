import { systemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { MigrateOptions } from './migrate.ts';
import type { Store } from './store.ts';

/** Which database, and what time it is. */
export interface StoreOptions extends MigrateOptions {
  readonly clock?: Clock;
}

/**
 * Opens the database that `place` names: a `postgres://…` address, or a path of a file. Throws as
 * `SqliteStore.open` and `PostgresStore.open` do.
 */
export async function openStore(place: string, options: StoreOptions): Promise<Store> {
  const { clock = systemClock, create } = options;
  if (isPostgres(place)) {
    const { PostgresStore } = await import('./postgres-store.ts');
    return await PostgresStore.open(place, clock, { create });
  }
  const { SqliteStore } = await import('./sqlite-store.ts');
  return await SqliteStore.open(place, clock, { create });
}

/** Whether a place is an address of PostgreSQL's. */
export function isPostgres(place: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(place);
}

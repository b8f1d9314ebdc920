import { Kysely } from 'kysely';
import { openDatabase } from '../../kernel/sqlite.ts';
import { refuseUnknown } from './migrate.ts';
import { isPostgres } from './open-store.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { refuseForeign, requireFile } from './sqlite-file.ts';
import { sqliteError } from './sqlite-store.ts';
import type { Reader } from './store.ts';
import type { Tables } from './tables.ts';

/**
 * Looks at a registry, or at a backup of one: nothing is written or brought forward, and it may be served
 * meanwhile. Throws `registry-missing`, `registry-damaged`, `registry-newer`, `registry-unavailable`.
 */
export async function readRegistry<T>(
  place: string,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  if (isPostgres(place)) {
    const { readPostgres } = await import('./postgres-store.ts');
    return await readPostgres(place, work);
  }
  await requireFile(place);
  const database = await openDatabase(place);
  try {
    refuseForeign(place, database);
    database.exec('PRAGMA query_only = 1');
    const reader = new Kysely<Tables>({ dialect: sqliteDialect(database) });
    await refuseUnknown(reader, 'sqlite');
    return await work(reader);
  } catch (error) {
    throw sqliteError(error);
  } finally {
    database.close();
  }
}

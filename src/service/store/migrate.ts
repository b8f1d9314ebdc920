import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { toCrockford } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { META, MIGRATIONS, statementsOf } from './schema.ts';
import type { SqlTypes } from './migration.ts';
import type { Dialect } from './store.ts';
import type { Tables } from './tables.ts';

/** What each database calls the types of the tables. */
export const TYPES: Readonly<Record<Dialect, SqlTypes>> = {
  sqlite: { text: 'TEXT', bytes: 'BLOB', whole: 'INTEGER', isPostgres: false },
  postgres: { text: 'TEXT COLLATE "C"', bytes: 'BYTEA', whole: 'BIGINT', isPostgres: true },
};

/** Any number, the same for every version: whoever migrates holds it. */
const ADVISORY_LOCK = 0x6b65794c;

/** How the database is taken. */
export interface MigrateOptions {
  /** Make the tables in an empty database; otherwise that is `registry-missing`. */
  readonly create: boolean;
}

/**
 * Brings the tables forward to what this keyline knows, one process at a time; where they are, it writes nothing.
 * Throws `registry-missing` for an empty database, `registry-newer` for one of a later keyline, both
 * without changing anything.
 */
export async function migrate(
  db: Kysely<Tables>,
  dialect: Dialect,
  { create }: MigrateOptions,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    if (dialect === 'postgres') {
      await sql`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(transaction);
    }
    const isThere = await hasTables(transaction, dialect);
    const types = TYPES[dialect];
    if (!isThere && create) await run(transaction, META(types));
    const version = await refuseUnknown(transaction, dialect);
    for (const migration of MIGRATIONS.slice(version)) await run(transaction, migration(types));
    if (version < MIGRATIONS.length) {
      await writeMeta(transaction, 'schemaVersion', String(MIGRATIONS.length));
    }
    if (!isThere) await writeMeta(transaction, 'epoch', newEpoch());
  });
}

/** The schema's version. Throws `registry-missing` where there is none, `registry-newer`. */
export async function refuseUnknown(db: Kysely<Tables>, dialect: Dialect): Promise<number> {
  if (!(await hasTables(db, dialect))) {
    throw new KeylineError('registry-missing', { message: 'the database holds no registry' });
  }
  const version = Number((await readMeta(db, 'schemaVersion')) ?? 0);
  if (version > MIGRATIONS.length) throw newerSchema('the database', version);
  return version;
}

/** What is said of tables that only a later keyline knows. */
export function newerSchema(what: string, version: number): KeylineError {
  return new KeylineError('registry-newer', {
    message: `${what} is of a later keyline (schema ${version}, known ${MIGRATIONS.length})`,
    facts: { version, known: MIGRATIONS.length },
  });
}

/** Another history of the same registry, as a restored backup is. */
export function newEpoch(): string {
  return toCrockford(randomBytes(10));
}

/** What the registry knows of itself, or undefined. */
export async function readMeta(db: Kysely<Tables>, name: string): Promise<string | undefined> {
  const query = db.selectFrom('keylineRegistry').select('value').where('name', '=', name);
  return (await query.executeTakeFirst())?.value;
}

/** Says it anew. */
export async function writeMeta(db: Kysely<Tables>, name: string, value: string): Promise<void> {
  await db
    .insertInto('keylineRegistry')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

async function hasTables(db: Kysely<Tables>, dialect: Dialect): Promise<boolean> {
  const found =
    dialect === 'sqlite'
      ? await sql`SELECT 1 FROM sqlite_schema WHERE name = 'keylineRegistry'`.execute(db)
      : await sql`SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'keylineRegistry'`.execute(
          db,
        );
  return found.rows.length > 0;
}

async function run(db: Transaction<Tables>, ddl: string): Promise<void> {
  for (const statement of statementsOf(ddl)) await sql.raw(statement).execute(db);
}

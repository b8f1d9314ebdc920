import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import type { DatabaseConnection } from 'kysely';
import pg from 'pg';
import type { Pool } from 'pg';
import type { Clock } from '../../kernel/clock.ts';
import { RegistryClient } from './registry-client.ts';
import { migrate, refuseUnknown } from './migrate.ts';
import type { MigrateOptions } from './migrate.ts';
import { isWorthRepeating, postgresError } from './postgres-errors.ts';
import { CHANNEL, PostgresListener } from './postgres-listener.ts';
import { runChange } from './run-change.ts';
import type { Change, Origin, Reader, Store } from './store.ts';
import type { Tables } from './tables.ts';
import { Wakes } from './wakes.ts';

const INT8 = 20;
const MOST_RUNS = 5;
const CONNECTIONS = 16;

/**
 * What is prepared while tables are small is not planned again when an upload or an offer makes them large: nothing
 * but an index will do from the first. Without one, the cost that this adds would have statements compiled (`jit`).
 */
const SETTINGS = 'SET enable_seqscan = off; SET jit = off';

/**
 * A PostgreSQL database that any number of processes share. Transactions run at READ COMMITTED: what
 * decides is a compare-and-set or a unique index, never what was read before.
 */
export class PostgresStore implements Store {
  readonly dialect = 'postgres';
  readonly reader: Reader;
  readonly #clock: Clock;
  readonly #wakes: Wakes;
  readonly #listener: PostgresListener;

  private constructor(parts: PostgresParts) {
    this.reader = parts.db;
    this.#clock = parts.clock;
    this.#wakes = parts.wakes;
    this.#listener = parts.listener;
  }

  /** Connects, brings the database forward. Throws as `migrate` does, and `registry-unavailable`. */
  static async open(url: string, clock: Clock, options: MigrateOptions): Promise<PostgresStore> {
    const db = connect(url);
    const wakes = new Wakes();
    const listener = new PostgresListener(url, wakes);
    try {
      await migrate(db, 'postgres', options);
      await listener.start();
      return new PostgresStore({ db, clock, wakes, listener });
    } catch (error) {
      await listener[Symbol.asyncDispose]();
      await db.destroy();
      throw postgresError(error);
    }
  }

  async change<T>(origin: Origin, work: (change: Change) => Promise<T>): Promise<T> {
    const parts = { db: this.reader, dialect: this.dialect, clock: this.#clock, origin } as const;
    for (let run = 1; ; run++) {
      try {
        const { result } = await runChange({ ...parts, beforeCommit: notify }, work);
        return result;
      } catch (error) {
        if (run === MOST_RUNS || !isWorthRepeating(error)) throw postgresError(error);
      }
    }
  }

  watch(onWake: (id: string | undefined) => void, ids?: readonly string[]): Disposable {
    return this.#wakes.watch(onWake, ids);
  }

  explain(error: unknown): unknown {
    return postgresError(error);
  }

  async ping(): Promise<void> {
    try {
      await sql`SELECT 1`.execute(this.reader);
    } catch (error) {
      throw postgresError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]();
    await this.reader.destroy();
  }
}

/** Looks at a database without bringing it forward; see `readRegistry`. */
export async function readPostgres<T>(
  url: string,
  work: (reader: Reader) => Promise<T>,
): Promise<T> {
  const reader = connect(url);
  try {
    await refuseUnknown(reader, 'postgres');
    return await work(reader);
  } catch (error) {
    throw postgresError(error);
  } finally {
    await reader.destroy();
  }
}

interface PostgresParts {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly wakes: Wakes;
  readonly listener: PostgresListener;
}

function connect(url: string): Kysely<Tables> {
  const onCreateConnection = async (connection: DatabaseConnection): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(SETTINGS));
  };
  return new Kysely({ dialect: new PostgresDialect({ pool: openPool(url), onCreateConnection }) });
}

function openPool(connectionString: string): Pool {
  const pool = new pg.Pool({
    connectionString,
    Client: RegistryClient,
    max: CONNECTIONS,
    // What a connection has prepared and read of the catalogue is worth keeping over a pause of the line.
    idleTimeoutMillis: 300_000,
    application_name: 'keyline registry',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 60_000,
    // A process that stopped in a transaction does not keep its locks for ever.
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
    types: { getTypeParser },
  });
  // An unheard `error` would end the process: of one that is idle, and of one that is in use.
  pool.on('error', () => undefined);
  pool.on('connect', (client: pg.Client) => client.on('error', () => undefined));
  return pool;
}

/** Whole numbers as numbers: none here is above 2^53, and pg would give them as text. */
function getTypeParser(oid: number, format?: string): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format);
}

/** Delivered when the transaction commits, and not otherwise. */
async function notify(db: Kysely<Tables>, ids: readonly string[]): Promise<void> {
  await sql`SELECT pg_notify(${CHANNEL}, id) FROM unnest(${ids}::text[]) AS id`.execute(db);
}

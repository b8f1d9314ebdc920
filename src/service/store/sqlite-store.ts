import { open } from 'node:fs/promises';
import { Kysely } from 'kysely';
import { outputError } from '../../kernel/atomic-file.ts';
import type { Clock } from '../../kernel/clock.ts';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import { openDatabase, sqlProblem } from '../../kernel/sqlite.ts';
import type { SqlDatabase } from '../../kernel/sqlite.ts';
import { migrate } from './migrate.ts';
import type { MigrateOptions } from './migrate.ts';
import { runChange } from './run-change.ts';
import { patiently, sqliteDialect } from './sqlite-dialect.ts';
import { APPLICATION_ID, refuseForeign, requireFile } from './sqlite-file.ts';
import type { Change, Origin, Reader, Store } from './store.ts';
import type { Tables } from './tables.ts';
import { Wakes } from './wakes.ts';

/**
 * One file, one process: a connection that writes, one transaction at a time, and one that reads what
 * was committed without waiting for it (sqlite.org/wal.html). A commit is on disk when it returns.
 */
export class SqliteStore implements Store {
  readonly dialect = 'sqlite';
  readonly reader: Reader;
  readonly #writer: Kysely<Tables>;
  readonly #clock: Clock;
  readonly #wakes = new Wakes();

  private constructor(parts: SqliteParts) {
    this.reader = parts.reader;
    this.#writer = parts.writer;
    this.#clock = parts.clock;
  }

  /** Opens the file, brings it forward. Throws as `migrate` does, `registry-damaged`, `output-unwritable`. */
  static async open(path: string, clock: Clock, options: MigrateOptions): Promise<SqliteStore> {
    try {
      if (options.create) await makePrivate(path);
      else await requireFile(path);
    } catch (error) {
      throw outputError(path, error);
    }
    const writing = await openDatabase(path);
    let writer: Kysely<Tables> | undefined;
    try {
      await patiently(() => {
        prepare(path, writing);
      });
      writer = new Kysely<Tables>({ dialect: sqliteDialect(writing) });
      await migrate(writer, 'sqlite', options);
      const reading = await openDatabase(path);
      reading.exec('PRAGMA query_only = 1');
      const reader = new Kysely<Tables>({ dialect: sqliteDialect(reading) });
      return new SqliteStore({ reader, writer, clock });
    } catch (error) {
      if (writer) await writer.destroy();
      writing.close();
      throw sqliteError(error);
    }
  }

  async change<T>(origin: Origin, work: (change: Change) => Promise<T>): Promise<T> {
    const parts = { db: this.#writer, dialect: this.dialect, clock: this.#clock, origin } as const;
    try {
      const { result, woken } = await runChange(parts, work);
      for (const id of woken) this.#wakes.tell(id);
      return result;
    } catch (error) {
      throw sqliteError(error);
    }
  }

  watch(onWake: (id: string | undefined) => void, ids?: readonly string[]): Disposable {
    return this.#wakes.watch(onWake, ids);
  }

  explain(error: unknown): unknown {
    return sqliteError(error);
  }

  async ping(): Promise<void> {
    await this.reader.selectFrom('keylineRegistry').select('name').limit(1).execute();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader.destroy();
    await this.#writer.destroy();
  }
}

interface SqliteParts {
  readonly reader: Reader;
  readonly writer: Kysely<Tables>;
  readonly clock: Clock;
}

/** What every connection that writes to a registry's file sets, a bulk worker's too. */
export function prepare(path: string, database: SqlDatabase): void {
  refuseForeign(path, database);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA foreign_keys = 1');
  // 64 MiB: the indexes of a million devices stay at hand.
  database.exec('PRAGMA cache_size = -65536');
}

/** An empty file that only its owner reads, unless one is there. */
async function makePrivate(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

/** The keyline error for what SQLite said; others pass unchanged. */
export function sqliteError(error: unknown): unknown {
  switch (sqlProblem(error)) {
    case 'busy':
      return new KeylineError('registry-unavailable', { message: 'the database is busy' });
    case 'full':
      return new KeylineError('registry-unavailable', { message: 'the database’s disk is full' });
    case 'damaged':
      return new KeylineError('registry-damaged', {
        message: 'SQLite finds the database malformed',
      });
    case 'unwritable':
      return new KeylineError('registry-unavailable', {
        message: 'the database cannot be written',
      });
    default:
      return error;
  }
}

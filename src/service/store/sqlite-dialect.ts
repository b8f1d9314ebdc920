import { setTimeout } from 'node:timers/promises';
import { SqliteAdapter, SqliteDriver, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { DatabaseConnection, Dialect, SqliteDatabase } from 'kysely';
import { CompiledQuery } from 'kysely';
import { sqlProblem } from '../../kernel/sqlite.ts';
import type { SqlDatabase, SqlValue } from '../../kernel/sqlite.ts';

/** How long a transaction waits for another connection's, such as a bulk worker's, before it is `busy`. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 2;

/** kysely on either of the two SQLites, which have the same interface. */
export function sqliteDialect(database: SqlDatabase): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ImmediateDriver({ database: adapt(database) }),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function adapt(database: SqlDatabase): SqliteDatabase {
  return {
    close: () => {
      database.close();
    },
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        // Node 22 has no `columns()` to ask; values are always parameters, so the text tells.
        reader: /^\s*(?:select|with|pragma)\b|\breturning\b/i.test(sql),
        all: (values) => statement.all(...(values as SqlValue[])),
        run: (values) => ({ ...statement.run(...(values as SqlValue[])), lastInsertRowid: 0 }),
        iterate: (values) => statement.iterate(...(values as SqlValue[])),
      };
    },
  };
}

/** Does `work` again while another connection has the lock that it needs, without blocking the thread. */
export async function patiently<T>(work: () => T | Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    try {
      return await work();
    } catch (error) {
      if (sqlProblem(error) !== 'busy' || waitedMs >= PATIENCE_MS) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
}

/**
 * Begins with the write lock (sqlite.org/lang_transaction.html): a transaction that reads first and
 * writes later would fail where another has written meanwhile.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await patiently(() => connection.executeQuery(CompiledQuery.raw('begin immediate')));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('rollback'));
    } catch (error) {
      // SQLite has rolled back by itself, as it does when the disk is full; the first error counts.
      if (sqlProblem(error) === undefined) throw error;
    }
  }
}

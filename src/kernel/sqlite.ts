import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { isErrno } from './errors.ts';

/** What SQLite takes and gives: null, text, whole numbers up to 2^53, bytes. */
export type SqlValue = null | string | number | Uint8Array;
/** One row by its columns' names; it has no prototype. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** A prepared statement with positional parameters. */
export interface SqlStatement {
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  iterate(...values: SqlValue[]): IterableIterator<unknown>;
}

/** One connection. Every call is synchronous. */
export interface SqlDatabase {
  exec(sql: string): void;
  /** The statement for this text, made once and kept while the connection is open. */
  prepare(sql: string): SqlStatement;
  /**
   * Closing again does nothing. The package leaves statements to the garbage collector, and until then
   * SQLite keeps the file open (sqlite.org/c3ref/close.html): give locks up before.
   */
  close(): void;
}

/** SQLite's primary result codes that are told apart (sqlite.org/rescode.html). */
const PROBLEMS = new Map([
  [5, 'busy'],
  [6, 'busy'],
  [8, 'unwritable'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'unwritable'],
  [19, 'constraint'],
  [26, 'damaged'],
] as const);
export type SqlProblem =
  | 'busy'
  | 'unwritable'
  | 'damaged'
  | 'full'
  | 'constraint'
  /** Anything else, such as a disk that does not answer. */
  | 'failed';

interface SqlModule {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => SqlDatabase;
}

/**
 * Opens the database at `path`, made where it is missing; an empty path is a private one that lives in
 * a temporary file. `frozen` reads a file that nothing changes meanwhile, such as one on a disk that is
 * read-only. A connection never waits for a lock. Node's own SQLite serves where Node has it.
 */
export async function openDatabase(
  path: string,
  options: { readonly frozen?: boolean } = {},
): Promise<SqlDatabase> {
  const { DatabaseSync } = builtIn() ?? (await import('@photostructure/sqlite'));
  const frozen = options.frozen ?? false;
  const name = frozen ? `${pathToFileURL(path).href}?immutable=1` : path;
  const database = new DatabaseSync(name, { readOnly: frozen });
  database.exec('PRAGMA busy_timeout = 0');
  return new KeptStatements(database);
}

/** A connection that prepares each text once. */
class KeptStatements implements SqlDatabase {
  readonly #connection: SqlDatabase;
  readonly #statements = new Map<string, SqlStatement>();
  #isOpen = true;

  constructor(connection: SqlDatabase) {
    this.#connection = connection;
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  prepare(sql: string): SqlStatement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#statements.clear();
    this.#connection.close();
  }
}

/** What SQLite says went wrong, or undefined for an error that is not SQLite's. */
export function sqlProblem(error: unknown): SqlProblem | undefined {
  if (!isErrno(error, 'ERR_SQLITE_ERROR')) return undefined;
  const { errcode } = error as { errcode?: unknown };
  const primary = typeof errcode === 'number' ? errcode & 0xff : 10;
  return PROBLEMS.get(primary as 5) ?? 'failed';
}

/** Does `work` in one transaction: all of it is on disk when this returns, or nothing when it throws. */
export function inTransaction<T>(database: SqlDatabase, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full; the first error counts.
    }
    throw error;
  }
}

/** Whether a file that exists may be written; SQLite would quietly open it for reading alone. */
export async function mayWrite(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK);
    return true;
  } catch (error) {
    if (isErrno(error, 'EACCES') || isErrno(error, 'EROFS') || isErrno(error, 'EPERM')) {
      return false;
    }
    throw error;
  }
}

/** node:sqlite, loaded without the warning that Node 22 and 23 print once, or undefined. */
function builtIn(): SqlModule | undefined {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  Object.defineProperty(process, 'emitWarning', { configurable: true, value: () => undefined });
  try {
    return process.getBuiltinModule('node:sqlite') as SqlModule | undefined;
  } finally {
    if (own) Object.defineProperty(process, 'emitWarning', own);
    else Reflect.deleteProperty(process, 'emitWarning');
  }
}

import { open, stat } from 'node:fs/promises';
import { outputError } from '../kernel/atomic-file.ts';
import { fromHex, toHex } from '../kernel/bytes.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { mayWrite, openDatabase, sqlProblem } from '../kernel/sqlite.ts';
import type { SqlDatabase } from '../kernel/sqlite.ts';
import { isLedgerEvent } from '../model/ledger-event.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';
import { chainHash, GENESIS } from './chain.ts';
import type { LedgerHead } from './chain.ts';
import { isOutOfRoom } from './out-of-room.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.ts';

/** How a ledger's file is opened. */
export interface LedgerFileOptions {
  /** Make the file where it is missing; otherwise that is `not-found`. */
  readonly create: boolean;
  /** Greatest size in pages of 4 KiB: how a test fills the disk. */
  readonly maxPages?: number | undefined;
}

/**
 * The file of a ledger, held by this process alone until it is closed: SQLite's exclusive locking mode
 * keeps locks of the operating system, which end with the process however it ends. Every error of
 * SQLite becomes one of keyline's here.
 */
export class LedgerFile implements Disposable {
  readonly path: string;
  readonly database: SqlDatabase;
  /** Whether the file has no tables yet. */
  readonly isNew: boolean;
  readonly #isHeld: boolean;
  #isClosed = false;

  private constructor(path: string, database: SqlDatabase, isHeld: boolean) {
    this.path = path;
    this.database = database;
    this.#isHeld = isHeld;
    this.isNew = checkTables(path, database);
  }

  /** Throws `ledger-busy`, `ledger-newer`, `ledger-damaged`, `not-found`, `output-unwritable`, `disk-full`. */
  static async open(path: string, options: LedgerFileOptions): Promise<LedgerFile> {
    const exists = options.create ? await makePrivate(path) : await isThere(path);
    if (!exists) {
      throw new KeylineError('not-found', {
        message: `there is no ledger at ${path}`,
        hint: 'A station’s first run makes it; name another one with --ledger PATH.',
        facts: { path },
      });
    }
    const writable = await mayWrite(path);
    if (!writable && options.create) {
      throw new KeylineError('output-unwritable', {
        message: `${path} cannot be written`,
        facts: { path },
      });
    }
    let database: SqlDatabase | undefined;
    try {
      // What is left of a crash is beside the file, and cannot be taken in without writing.
      database = await openDatabase(path, { frozen: !writable && !(await isThere(`${path}-wal`)) });
      if (writable) takeForGood(database, options.maxPages);
      return new LedgerFile(path, database, writable);
    } catch (error) {
      if (database) close(database, writable);
      throw ledgerError(path, error);
    }
  }

  /** A ledger that was made of an export in a private database, which goes with it; `path` is the export's. */
  static loaded(path: string, database: SqlDatabase): LedgerFile {
    return new LedgerFile(path, database, false);
  }

  /** Runs `work`, an error of SQLite turned into keyline's. */
  guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw ledgerError(this.path, error);
    }
  }

  /** The last event, its own hash proved. Throws `ledger-damaged`; a ledger has at least one event. */
  head(): LedgerHead {
    const sql = 'SELECT seq, hash, body FROM events ORDER BY seq DESC LIMIT 2';
    const rows = this.database.prepare(sql).all() as EventRow[];
    const [last, previous] = rows;
    if (!last) throw damaged(this.path, 'it has no event');
    const hash = chainHash(previous?.hash ?? GENESIS, last.body);
    if (toHex(hash) !== toHex(last.hash)) throw damaged(this.path, 'its last event was altered');
    return { seq: last.seq, hash: toHex(hash) };
  }

  /** Whether the chain has exactly this head in it. */
  has(head: LedgerHead): boolean {
    const row = this.database.prepare('SELECT hash FROM events WHERE seq = ?').get(head.seq);
    const hash = fromHex(head.hash);
    return row !== undefined && hash !== undefined && toHex((row as EventRow).hash) === head.hash;
  }

  /** The first event: whose ledger this is. */
  identity(): LedgerEvent<'created'> {
    const row = this.database.prepare('SELECT body FROM events WHERE seq = 1').get();
    const event = row === undefined ? undefined : parseEvent((row as EventRow).body);
    if (event?.type === 'created') return event;
    throw damaged(this.path, 'its first event was altered');
  }

  /** One whole file is left, and no lock. Where that fails, what is beside the file is taken in at the next opening. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    close(this.database, this.#isHeld);
  }
}

/** A row of the table of events. */
export interface EventRow {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly body: string;
}

/** The event of a row, or undefined where it is none. */
export function parseEvent(body: string): LedgerEvent | undefined {
  try {
    const event: unknown = JSON.parse(body);
    return isLedgerEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** The error for a file that is not as a ledger must be. */
export function damaged(path: string, what: string): KeylineError {
  return new KeylineError('ledger-damaged', {
    message: `the ledger ${path} is damaged: ${what}`,
    facts: { path },
  });
}

/** The keyline error for what SQLite said of a ledger; others pass unchanged. */
export function ledgerError(path: string, error: unknown): unknown {
  const facts = { path };
  switch (sqlProblem(error)) {
    case undefined:
      return error;
    case 'busy':
      return new KeylineError('ledger-busy', {
        message: `another command has the ledger ${path} open`,
        facts,
      });
    case 'full':
      return full(path);
    case 'damaged':
    case 'constraint':
      return damaged(path, 'SQLite finds it malformed');
    case 'unwritable':
    case 'failed':
      if (isOutOfRoom(path)) return full(path);
      return new KeylineError('output-unwritable', {
        message: `the ledger ${path} cannot be written`,
        hint: 'Check the folder’s permissions and the disk.',
        facts,
      });
  }
}

function full(path: string): KeylineError {
  return new KeylineError('disk-full', {
    message: `no room to write the ledger ${path}`,
    hint: 'Free some space, then run the command again. What was not acknowledged was not recorded.',
    facts: { path },
  });
}

/** Makes an empty file that only its owner reads. It never opens one that exists: closing it would drop SQLite's locks (fcntl(2)). */
async function makePrivate(path: string): Promise<true> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw outputError(path, error);
  }
  return true;
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false;
    throw error;
  }
}

/** The exclusive mode before the first access, so that there is no shared memory file either (sqlite.org/wal.html#noshm). */
function takeForGood(database: SqlDatabase, maxPages: number | undefined): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
  // A write lock, taken and kept, whether or not anything is written later.
  database.exec('BEGIN IMMEDIATE');
  database.exec('COMMIT');
}

function close(database: SqlDatabase, isHeld: boolean): void {
  try {
    if (isHeld) letGo(database);
  } catch (error) {
    if (sqlProblem(error) === undefined) throw error;
  } finally {
    database.close();
  }
}

/** Out of WAL first: a connection that began exclusively cannot leave that mode otherwise (sqlite.org/wal.html#noshm). */
function letGo(database: SqlDatabase): void {
  database.exec('PRAGMA journal_mode = DELETE');
  database.exec('PRAGMA locking_mode = NORMAL');
  // The lock goes with the next access.
  database.exec('SELECT count(*) FROM sqlite_schema');
}

function checkTables(path: string, database: SqlDatabase): boolean {
  const pragma = (name: string): number =>
    Object.values(database.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[0] ?? 0;
  const { n } = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (n === 0) return true;
  if (pragma('application_id') !== APPLICATION_ID) throw damaged(path, 'it is no ledger');
  const version = pragma('user_version');
  if (version > SCHEMA_VERSION) {
    throw new KeylineError('ledger-newer', {
      message: `the ledger ${path} was made by a later keyline (version ${version})`,
      facts: { path, version, known: SCHEMA_VERSION },
    });
  }
  if (version !== SCHEMA_VERSION) throw damaged(path, 'its version was altered');
  return false;
}

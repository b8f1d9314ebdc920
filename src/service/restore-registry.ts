import { constants } from 'node:fs';
import { access, copyFile, rename, stat } from 'node:fs/promises';
import { Kysely } from 'kysely';
import { AtomicFile, outputError } from '../kernel/atomic-file.ts';
import { systemClock } from '../kernel/clock.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { tryLock } from '../kernel/file-lock.ts';
import { openDatabase } from '../kernel/sqlite.ts';
import { ownMeans } from './backup-registry.ts';
import { readMasterKey } from './keys/key-file.ts';
import type { MasterKey } from './keys/master-key.ts';
import { beginEpoch } from './store/epoch.ts';
import { migrate, readMeta } from './store/migrate.ts';
import { isPostgres, openStore } from './store/open-store.ts';
import { readRegistry } from './store/read-registry.ts';
import { runChange } from './store/run-change.ts';
import { sqliteDialect } from './store/sqlite-dialect.ts';
import { checkFile, requireFile } from './store/sqlite-file.ts';
import type { RegistryFile } from './store/sqlite-file.ts';
import type { Change } from './store/store.ts';
import type { Tables } from './store/tables.ts';

/** What is restored, and where to. */
export interface RestoreChoices {
  readonly backup: string;
  readonly database: string;
  readonly masterKeyFile: string;
  /** A registry that is there is set aside, never deleted. */
  readonly force: boolean;
  /** Check everything and change nothing. */
  readonly dryRun: boolean;
}

/** What was restored; without an epoch where nothing was changed. */
export interface Restored {
  readonly database: string;
  readonly backup: Omit<RegistryFile, 'keyCheck'>;
  readonly epoch?: string;
  /** Where the registry is now that was there before. */
  readonly setAside?: string;
}

const ORIGIN = { actor: 'registry' } as const;
/** What SQLite leaves beside a file: of another database it would be taken for this one's. */
const BESIDE = ['-wal', '-shm', '-journal'];

/**
 * Puts a backup in the place of a registry that nobody serves, in a new epoch and in the tables of this
 * keyline. Until all of it has been checked and prepared beside its place nothing is changed. Throws `usage`
 * for PostgreSQL, `not-found`, `registry-damaged`, `registry-newer`, `master-key-invalid`, `registry-busy`,
 * `output-exists`.
 */
export async function restoreRegistry(choices: RestoreChoices): Promise<Restored> {
  const { backup, database, masterKeyFile, force, dryRun } = choices;
  if (isPostgres(database)) throw ownMeans();
  using masterKey = await readMasterKey(masterKeyFile);
  await requireBackup(backup);
  await using lock = await tryLock(`${database}.lock`);
  if (!lock) throw busy();
  if (dryRun) {
    const { keyCheck, ...found } = await checkFile(backup);
    requireOwn(masterKey, keyCheck);
    if (!force && (await isThere(database))) throw taken(database);
    return { database, backup: found };
  }
  await using file = await AtomicFile.create(database, { mode: 0o600, force });
  await copyFile(backup, file.draft).catch((error: unknown) => {
    throw outputError(database, error);
  });
  const { keyCheck, ...found } = await checkFile(file.draft);
  requireOwn(masterKey, keyCheck);
  const epoch = await prepareCopy(file.draft);
  const setAside = await moveAside(database);
  await file.commit();
  return { database, backup: found, epoch, ...(setAside !== undefined && { setAside }) };
}

/**
 * Begins a new epoch in a registry that was restored by other means, PostgreSQL's or a file system's.
 * Processes that share it notice by themselves. Throws `master-key-invalid`, `registry-busy`.
 */
export async function beginNewEpoch(
  choices: Pick<RestoreChoices, 'database' | 'masterKeyFile' | 'dryRun'>,
): Promise<{ readonly database: string; readonly epoch?: string }> {
  const { database, masterKeyFile, dryRun } = choices;
  using masterKey = await readMasterKey(masterKeyFile);
  const isFile = !isPostgres(database);
  if (isFile) await requireFile(database);
  // Before the tables are brought forward, and until the store is closed.
  await using lock = isFile ? await tryLock(`${database}.lock`) : undefined;
  if (!lock && isFile) throw busy();
  const keyCheck = await readRegistry(database, (reader) => readMeta(reader, 'keyCheck'));
  requireOwn(masterKey, keyCheck);
  if (dryRun) return { database };
  await using store = await openStore(database, { create: false });
  return { database, epoch: await store.change(ORIGIN, beginEpoch) };
}

async function requireBackup(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch {
    throw new KeylineError('not-found', {
      message: `${path} cannot be read`,
      hint: 'Check the name of the backup and its permissions.',
      facts: { path },
    });
  }
  const log = `${path}-wal`;
  const { size } = await stat(log).catch(() => ({ size: 0 }));
  if (size === 0) return;
  throw new KeylineError('registry-damaged', {
    message: `${path} is a registry in use, not a backup: ${log} holds a part of it`,
    hint: 'Make a backup of it with `keyline registry backup`, and restore that.',
    facts: { path },
  });
}

function requireOwn(masterKey: MasterKey, keyCheck: string | undefined): void {
  if (keyCheck === masterKey.checkValue()) return;
  throw new KeylineError('master-key-invalid', {
    message: 'this master key belongs to another registry',
    hint: 'Give the master key file of the registry that the backup was made of.',
  });
}

/** Brings the copy forward and begins its epoch; afterwards it is one file again. */
async function prepareCopy(path: string): Promise<string> {
  const database = await openDatabase(path);
  const db = new Kysely<Tables>({ dialect: sqliteDialect(database) });
  try {
    await migrate(db, 'sqlite', { create: false });
    const parts = { db, dialect: 'sqlite', clock: systemClock, origin: ORIGIN } as const;
    const { result } = await runChange(parts, (change: Change) => beginEpoch(change));
    database.exec('PRAGMA journal_mode = DELETE');
    return result;
  } finally {
    await db.destroy();
  }
}

/** Moves a registry with all that SQLite left beside it; resolves to where, or undefined where none was. */
async function moveAside(database: string): Promise<string | undefined> {
  const at = systemClock.now().toISOString().replaceAll(/[:.]/g, '-');
  const target = `${database}.${at}`;
  let moved: string | undefined;
  for (const end of ['', ...BESIDE]) {
    try {
      await rename(`${database}${end}`, `${target}${end}`);
      if (end === '') moved = target;
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw outputError(database, error);
    }
  }
  return moved;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function taken(path: string): KeylineError {
  return new KeylineError('output-exists', { message: `${path} exists already`, facts: { path } });
}

function busy(): KeylineError {
  return new KeylineError('registry-busy', {
    message: 'a process serves this registry',
    hint: 'End it first; nothing was changed.',
  });
}

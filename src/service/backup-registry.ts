import { resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { AtomicFile } from '../kernel/atomic-file.ts';
import { KeylineError } from '../kernel/errors.ts';
import { openDatabase, sqlProblem } from '../kernel/sqlite.ts';
import { isPostgres } from './store/open-store.ts';
import { checkFile, refuseForeign, requireFile } from './store/sqlite-file.ts';
import type { RegistryFile } from './store/sqlite-file.ts';

/** What is backed up, and where to. */
export interface BackupChoices {
  readonly database: string;
  readonly output: string;
  readonly force: boolean;
}

/** What was written; the check value of the master key stays inside. */
export interface Backup extends Omit<RegistryFile, 'keyCheck'> {
  readonly file: string;
}

/**
 * Writes the registry as it is at one moment into one file, 0600, while it may be served: `VACUUM INTO` is one
 * read transaction (sqlite.org/lang_vacuum.html). The file appears when all of it was read again and found
 * whole. The master key is not in it. Throws `usage` for PostgreSQL, `registry-missing`, `registry-damaged`,
 * `output-exists`, `output-is-input`, `disk-full`.
 */
export async function backupRegistry(choices: BackupChoices): Promise<Backup> {
  const { database, output, force } = choices;
  if (isPostgres(database)) throw ownMeans();
  await requireFile(database);
  if (await isSameFile(database, output)) {
    throw new KeylineError('output-is-input', { message: `${output} is the registry itself` });
  }
  await using file = await AtomicFile.create(output, { mode: 0o600, force });
  const source = await openDatabase(database);
  try {
    refuseForeign(database, source);
    source.prepare('VACUUM INTO ?').run(resolve(file.draft));
  } catch (error) {
    throw backupError(output, error);
  } finally {
    source.close();
  }
  const { sizeBytes, schemaVersion, epoch, accounts, devices } = await checkFile(file.draft);
  await file.commit();
  return { file: output, sizeBytes, schemaVersion, epoch, accounts, devices };
}

/** What is said where a registry's database has better means than ours. */
export function ownMeans(): KeylineError {
  return new KeylineError('usage', {
    message: 'PostgreSQL is backed up and restored by its own means',
    hint: 'Use pg_dump or point-in-time recovery; after a restore run `keyline registry restore --new-epoch`.',
  });
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

function backupError(output: string, error: unknown): unknown {
  switch (sqlProblem(error)) {
    case undefined:
      return error;
    case 'full':
      return new KeylineError('disk-full', {
        message: `no room to write ${output}`,
        facts: { path: output },
      });
    case 'busy':
      return new KeylineError('registry-unavailable', { message: 'the database is busy' });
    default:
      return new KeylineError('registry-damaged', { message: 'the database cannot be read whole' });
  }
}

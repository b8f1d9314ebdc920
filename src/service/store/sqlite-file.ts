import { open, stat } from 'node:fs/promises';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import { openDatabase, sqlProblem } from '../../kernel/sqlite.ts';
import type { SqlDatabase } from '../../kernel/sqlite.ts';
import { newerSchema } from './migrate.ts';
import { MIGRATIONS } from './schema.ts';

/** `keyR` in ASCII: tells a registry from any other SQLite file (sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x6b657952;

/** What a registry's file says of itself. */
export interface RegistryFile {
  readonly sizeBytes: number;
  readonly schemaVersion: number;
  readonly epoch: string;
  /** Check value of the master key that it belongs to. */
  readonly keyCheck: string | undefined;
  readonly accounts: number;
  readonly devices: number;
}

/** Throws `registry-missing` where there is no file: SQLite would make one. */
export async function requireFile(path: string): Promise<void> {
  try {
    await (await open(path, 'r')).close();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new KeylineError('registry-missing', {
      message: `there is no registry at ${path}`,
      facts: { path },
    });
  }
}

/** Throws `registry-damaged` for another program's database; an empty one passes. */
export function refuseForeign(path: string, database: SqlDatabase): void {
  const { n } = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  const found = database.prepare('PRAGMA application_id').get() as { application_id: number };
  if (n === 0 || found.application_id === APPLICATION_ID) return;
  throw new KeylineError('registry-damaged', {
    message: `${path} is another program’s database`,
    facts: { path },
  });
}

/**
 * Reads all of a file that nothing changes meanwhile, and leaves nothing beside it. Throws `registry-damaged`
 * where SQLite finds it malformed (sqlite.org/pragma.html#pragma_integrity_check) or it is no registry,
 * `registry-newer`.
 */
export async function checkFile(path: string): Promise<RegistryFile> {
  const { size: sizeBytes } = await stat(path);
  const database = await openDatabase(path, { frozen: true });
  try {
    refuseForeign(path, database);
    const { integrity_check: found } = database.prepare('PRAGMA integrity_check(1)').get() as {
      integrity_check: string;
    };
    if (found !== 'ok') throw damaged(path);
    const meta = new Map(
      (
        database.prepare('SELECT "name", "value" FROM "keylineRegistry"').all() as {
          readonly name: string;
          readonly value: string;
        }[]
      ).map(({ name, value }) => [name, value]),
    );
    const schemaVersion = Number(meta.get('schemaVersion') ?? 0);
    const epoch = meta.get('epoch');
    if (epoch === undefined) throw damaged(path);
    if (schemaVersion > MIGRATIONS.length) throw newerSchema(path, schemaVersion);
    const count = (table: string): number =>
      (database.prepare(`SELECT count(*) AS n FROM "${table}"`).get() as { n: number }).n;
    const counts = { accounts: count('accounts'), devices: count('devices') };
    return { sizeBytes, schemaVersion, epoch, keyCheck: meta.get('keyCheck'), ...counts };
  } catch (error) {
    if (sqlProblem(error) === undefined) throw error;
    throw damaged(path);
  } finally {
    database.close();
  }
}

function damaged(path: string): KeylineError {
  return new KeylineError('registry-damaged', {
    message: `${path} is no whole registry`,
    facts: { path },
  });
}

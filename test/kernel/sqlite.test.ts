import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inTransaction, mayWrite, openDatabase, sqlProblem } from '../../src/kernel/sqlite.ts';
import type { SqlDatabase } from '../../src/kernel/sqlite.ts';

let folder: string;
let path: string;
let database: SqlDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-sqlite-'));
  path = join(folder, 'a#b?.sqlite');
  database = await openDatabase(path);
  database.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)');
});
afterEach(async () => {
  database.close();
  await rm(folder, { recursive: true });
});

const problemOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return sqlProblem(error);
  }
  return 'none';
};
const count = (): unknown => database.prepare('SELECT count(*) AS n FROM t').get();

describe('a transaction', () => {
  it('is all there or not at all', () => {
    inTransaction(database, () => database.prepare('INSERT INTO t VALUES (1, ?)').run('x'));
    const work = (): void => {
      database.prepare('INSERT INTO t VALUES (2, ?)').run('y');
      throw new RangeError('no');
    };
    expect(() => {
      inTransaction(database, work);
    }).toThrow(RangeError);
    expect(count()).toMatchObject({ n: 1 });
  });

  it('that finds the disk full is undone, and the connection goes on', () => {
    database.exec('PRAGMA max_page_count = 4');
    const insert = database.prepare('INSERT INTO t (b) VALUES (?)');
    const fill = (): void => {
      inTransaction(database, () => {
        for (let at = 0; at < 100; at++) insert.run('x'.repeat(1000));
      });
    };
    expect(problemOf(fill)).toBe('full');
    expect(count()).toMatchObject({ n: 0 });
    inTransaction(database, () => insert.run('x'));
    expect(count()).toMatchObject({ n: 1 });
  });
});

describe('what SQLite says', () => {
  it('is told apart, and an error of another make is not its', async () => {
    await using other = {
      database: await openDatabase(path),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    other.database.exec('BEGIN IMMEDIATE');
    expect(
      problemOf(() => {
        database.exec('BEGIN IMMEDIATE');
      }),
    ).toBe('busy');
    other.database.exec('ROLLBACK');
    other.database.close();
    const twice = (): void => {
      database.exec('INSERT INTO t VALUES (1, 1), (1, 1)');
    };
    expect(problemOf(twice)).toBe('constraint');
    expect(problemOf(() => database.prepare('SELEKT'))).toBe('failed');
    expect(sqlProblem(new Error('x'))).toBeUndefined();
    const junk = join(folder, 'junk');
    await writeFile(junk, 'hello '.repeat(1000));
    const bad = await openDatabase(junk).then(
      (opened) => problemOf(() => opened.prepare('SELECT * FROM t')),
      (error: unknown) => sqlProblem(error),
    );
    expect(bad).toBe('damaged');
  });
});

describe('a connection', () => {
  it('that is frozen reads a file of any name and leaves nothing beside it', async () => {
    database.exec(`INSERT INTO t VALUES (1, 'x')`);
    database.close();
    await chmod(path, 0o400);
    const frozen = await openDatabase(path, { frozen: true });
    expect(frozen.prepare('SELECT b FROM t').get()).toMatchObject({ b: 'x' });
    expect(
      problemOf(() => {
        frozen.exec('DELETE FROM t');
      }),
    ).toBe('unwritable');
    frozen.close();
    frozen.close();
    expect(await readdir(folder)).toEqual(['a#b?.sqlite']);
    expect(await mayWrite(folder)).toBe(true);
  });

  it('is made without a word on standard error', async () => {
    const module = JSON.stringify(new URL('../../src/kernel/sqlite.ts', import.meta.url).href);
    const script = `import { openDatabase } from ${module};
      const { emitWarning } = process;
      (await openDatabase(':memory:')).close();
      console.log(process.emitWarning === emitWarning);`;
    const tsx = new URL(import.meta.resolve('tsx')).href;
    const args = ['--import', tsx, '--input-type=module', '-e', script];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: 'true', stderr: '' });
  });
});

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const NOBODY = 65_534;

/** A PostgreSQL of the test's own, behind a socket in a folder of its own. */
export interface Cluster extends AsyncDisposable {
  /** The address of the database that every cluster has. */
  readonly url: string;
  /** A new empty database's address. */
  database(): Promise<string>;
  /** Ends every connection, as a server that is restarted does. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts one as an unprivileged user, as PostgreSQL demands; it loses commits with its machine unless `isDurable`. */
export async function startCluster({ isDurable = false } = {}): Promise<Cluster> {
  const bin = await binaries();
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = await mkdtemp(join(tmpdir(), 'keyline-pg-'));
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const call = (program: string, args: string[]): Promise<unknown> =>
    run(join(bin, program), args, { ...as, env, cwd: folder });
  await call('initdb', ['-D', data, '-U', 'keyline', '-A', 'trust', '-E', 'UTF8', '-N']);
  const fsync = isDurable ? 'on' : 'off';
  const options = `-k ${folder} -c listen_addresses= -c fsync=${fsync} -c shared_buffers=128MB`;
  const control = (verb: string): Promise<unknown> =>
    call('pg_ctl', [
      ...[verb, '-D', data, '-w', '-m', 'fast', '-o', options],
      ...['-l', join(folder, 'log')],
    ]);
  await control('start');
  const url = `postgres://keyline@localhost/postgres?host=${encodeURIComponent(folder)}`;
  return {
    url,
    database: () => createDatabase(url),
    async restart() {
      await control('restart');
    },
    async stop() {
      await control('stop');
    },
    async start() {
      await control('start');
    },
    async [Symbol.asyncDispose]() {
      // It may be stopped already.
      await call('pg_ctl', ['stop', '-D', data, '-m', 'immediate', '-w']).catch(() => undefined);
      await rm(folder, { recursive: true });
    },
  };
}

/** Makes an empty database beside the one at this address; resolves to its own. */
export async function createDatabase(url: string): Promise<string> {
  const name = `registry_${randomBytes(8).toString('hex')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  // Another collation than the tables', so that a page is seen to be cut by theirs.
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const made = new URL(url);
  made.pathname = name;
  return made.href;
}

async function binaries(): Promise<string> {
  const versions = (await readdir(DEBIAN)).map(Number).sort((a, b) => b - a);
  return join(DEBIAN, String(versions[0]), 'bin');
}

import { execFile } from 'node:child_process';
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
  let databases = 0;
  return {
    async database() {
      const name = `registry_${databases++}`;
      const client = new pg.Client({ connectionString: address(folder, 'postgres') });
      await client.connect();
      // Another collation than the tables', so that a page is seen to be cut by theirs.
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return address(folder, name);
    },
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

function address(folder: string, database: string): string {
  return `postgres://keyline@localhost/${database}?host=${encodeURIComponent(folder)}`;
}

async function binaries(): Promise<string> {
  const versions = (await readdir(DEBIAN)).map(Number).sort((a, b) => b - a);
  return join(DEBIAN, String(versions[0]), 'bin');
}

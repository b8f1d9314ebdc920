import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { issueToken } from '../../../src/service/auth/sessions.ts';
import { openStore } from '../../../src/service/store/open-store.ts';
import type { SealedRows } from '../../service/sealed-upload.ts';
import { PUBLIC_URL, World } from '../../torture/registry/world.ts';
import type { Member } from '../../torture/registry/world.ts';
import { Line } from './line.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A process of the built command line that serves. */
export interface Server extends AsyncDisposable {
  readonly port: number;
  /** Of the server, in megabytes: now, and the greatest so far (`VmRSS`, `VmHWM`). */
  memory(): { readonly resident: number; readonly greatest: number };
}

/** A registry that is served by the built command line, in a process of its own. */
export interface BenchRegistry extends Server {
  readonly world: World;
  /** One more process that serves the same database, on PostgreSQL; the caller ends it. */
  another(): Promise<Server>;
  /** Sessions of these devices, as if each had proved its credential. */
  sessions(deviceIds: readonly string[]): Promise<string[]>;
}

/** Makes and serves one; on PostgreSQL where `database` names an empty one. */
export async function serveRegistry(database?: string): Promise<BenchRegistry> {
  const dir = mkdtempSync(join(tmpdir(), 'keyline-bench-'));
  const world = await World.make(join(dir, 'registry'), database);
  await forgetTemplate(world);
  const server = await serve(world);
  return {
    ...{ world, port: server.port, memory: () => server.memory() },
    another: () => serve(world),
    sessions: async (deviceIds) => {
      await using store = await openStore(world.database, { create: false });
      return await store.change({ actor: 'registry' }, async (change) => {
        const tokens: string[] = [];
        for (const deviceId of deviceIds) {
          const holder = { accountId: world.maker.accountId, deviceId };
          tokens.push((await issueToken(change, holder)).token);
        }
        return tokens;
      });
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true });
    },
  };
}

async function serve(world: World): Promise<Server> {
  const args = ['registry', 'serve', '--database', world.database, '--public-url', PUBLIC_URL];
  const files = ['--master-key-file', world.masterKeyFile, '--listen', '127.0.0.1:0'];
  const server = spawn(
    process.execPath,
    [join(ROOT, 'bin/run.js'), ...args, ...files, '--log-level', 'error'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [said] = (await once(server.stdout, 'data')) as [Buffer];
  return {
    port: Number(new URL(said.toString().trim()).port),
    memory: () => {
      const status = readFileSync(`/proc/${String(server.pid)}/status`, 'utf8');
      const of = (name: string): number =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
      return { resident: of('VmRSS'), greatest: of('VmHWM') };
    },
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGTERM');
      await once(server, 'exit');
    },
  };
}

/** The maker's devices have nothing to be configured with: they wait. */
async function forgetTemplate({ database, maker }: World): Promise<void> {
  await using store = await openStore(database, { create: false });
  await store.change({ actor: 'registry' }, (change) =>
    change.db.deleteFrom('configTemplates').where('accountId', '=', maker.accountId).execute(),
  );
}

/** Registers units from `first` on by a sealed upload, as the command line does. */
export async function registerUnits(
  registry: BenchRegistry,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<void> {
  await registerSealed(registry, await registry.world.seal(first, count, 'as-built'));
}

/** Registers the units of an as-built manifest. */
export async function registerSealed(
  { world, port }: BenchRegistry,
  { seal, chunks }: SealedRows,
): Promise<void> {
  using line = new Line(port, world.maker);
  const body = { kind: 'as-built', seal };
  const { lotId } = world.lot.lot;
  const upload = await line.ask<{ id: string }>(`/v1/lots/${lotId}/uploads`, { body });
  for (const [n, csv] of chunks.entries()) {
    await line.ask(`/v1/uploads/${upload.id}/parts/${n}`, { method: 'PUT', csv });
  }
  const begun = await line.ask<{ id: string }>(`/v1/uploads/${upload.id}/commit`, {
    method: 'POST',
  });
  await succeeded(line, begun.id);
}

/** Resolves when the operation has succeeded. */
export async function succeeded(line: Line, id: string): Promise<void> {
  for (;;) {
    const { state } = await line.ask<{ state: string }>(`/v1/operations/${id}`);
    if (state === 'succeeded') return;
    if (state === 'failed') throw new Error('an operation failed');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ids of the account's devices, at most `most`. */
export async function deviceIds(
  { port }: BenchRegistry,
  member: Member,
  most: number,
): Promise<string[]> {
  using line = new Line(port, member);
  const ids: string[] = [];
  let path: string | undefined = '/v1/devices?limit=1000';
  while (path !== undefined && ids.length < most) {
    const page: { items: { id: string }[] } = await line.ask(path);
    ids.push(...page.items.map(({ id }) => id));
    path = line.next;
  }
  return ids.slice(0, most);
}

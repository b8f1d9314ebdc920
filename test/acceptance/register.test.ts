import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KeylineError } from '../../src/kernel/errors.ts';
import { digestClientSecret, newClientSecret } from '../../src/service/auth/secret-digest.ts';
import { createAccount } from '../../src/service/store/accounts.ts';
import { openStore } from '../../src/service/store/open-store.ts';
import { createPrincipal } from '../../src/service/store/principals.ts';
import type { Store } from '../../src/service/store/store.ts';
import { keyline, PROGRAM } from './cli.ts';

const UNITS = 200_000;
let folder: string;
let env: Record<string, string>;
let stop: () => Promise<void>;
let port: number;
let url: string;

const run = (line: string) => keyline([...line.split(' '), '--json'], { cwd: folder, env });
const resultOf = (ran: { stdout: string }): unknown =>
  (JSON.parse(ran.stdout) as { result?: unknown }).result;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-register-'));
  env = { KEYLINE_HOME: join(folder, 'home'), KEYLINE_PASSPHRASE_FILE: join(folder, 'pass') };
  writeFileSync(join(folder, 'pass'), 'correct horse battery staple\n', { mode: 0o600 });
  for (const line of [
    'key create --label widgets',
    `lot create A1 --size ${UNITS} --serial ACME-{n:8}`,
    'registry init --admin root --admin-password-file pass',
  ]) {
    const made = await run(line);
    expect([line, made.code, made.code === 0 ? '' : made.stdout]).toEqual([line, 0, '']);
  }
  await makeClient();
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
  await serve();
}, 120_000);
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** A system account, as an account’s admin makes one. */
async function makeClient(): Promise<void> {
  await using store = await openStore(join(folder, 'registry.sqlite'), { create: false });
  const secret = newClientSecret();
  const id = await store.change({ actor: 'registry' }, async (change) => {
    const wanted = { handle: 'acme', name: 'Acme', kind: 'oem' } as const;
    const { id: accountId } = await createAccount(change, wanted);
    const { id: principalId } = await createPrincipal(change, {
      ...{ kind: 'system', accountId, name: 'line', roles: ['factory-engineer'] },
      secretDigest: digestClientSecret(secret),
    });
    return principalId;
  });
  writeFileSync(join(folder, 'client.id'), `${id}\n`);
  writeFileSync(join(folder, 'client.secret'), `${secret}\n`, { mode: 0o600 });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const found = (probe.address() as AddressInfo).port;
  probe.close();
  await once(probe, 'close');
  return found;
}

async function serve(): Promise<void> {
  const args = ['registry', 'serve', '--listen', `127.0.0.1:${port}`, '--log-level', 'error'];
  const server = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(server.stdout, 'data');
  stop = async () => {
    server.kill('SIGTERM');
    expect(await once(server, 'exit')).toEqual([0, null]);
  };
}

interface Counts {
  readonly created: number;
  readonly unchanged: number;
}

const logIn = () =>
  run(`registry login ${url} --client-id-file client.id --client-secret-file client.secret`);

it('registers a lot over a killed client, and again changes nothing', async () => {
  const login = await logIn();
  expect([login.code, login.stdout.includes('kt_')]).toEqual([0, false]);
  expect(statSync(join(folder, 'home/registry/default.json')).mode & 0o777).toBe(0o600);
  expect(resultOf(await run('registry whoami'))).toMatchObject({ account: 'acme' });
  const early = await run('escrow register A1');
  expect([early.code, early.stdout]).toEqual([5, expect.stringContaining('object-unknown')]);
  const added = await run('registry key add widgets');
  const ownerKey = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
  expect([added.code, resultOf(added)]).toMatchObject([0, { account: 'acme', ownerKey }]);
  const killed = spawn(process.execPath, [PROGRAM, 'escrow', 'register', 'A1'], {
    ...{ cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env } },
  });
  await waitForPart();
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const resumed = await run('escrow register A1');
  expect([resumed.code, resumed.code === 0 ? '' : resumed.stdout]).toEqual([0, '']);
  expect(resultOf(resumed)).toMatchObject({
    created: UNITS,
    unchanged: 0,
    conflict: 0,
    invalid: 0,
  });
  expect((resultOf(resumed) as { resumedParts: number }).resumedParts).toBeGreaterThan(0);
  await run('manifest write A1 -o again.csv');
  const again = await run('escrow register again.csv');
  expect(resultOf(again)).toMatchObject({ created: 0, unchanged: UNITS });
  expect((await run('registry logout')).code).toBe(0);
  expect((await run('registry whoami')).code).toBe(5);
}, 300_000);

it('goes on with a commit in the midst of which the server was told to end', async () => {
  await logIn();
  expect((await run(`lot create B1 --size ${UNITS} --serial OTHER-{n:8}`)).code).toBe(0);
  const client = spawn(process.execPath, [PROGRAM, 'escrow', 'register', 'B1'], {
    ...{ cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env } },
  });
  await waitForAppliedPart();
  client.kill('SIGKILL');
  await once(client, 'exit');
  await stop();
  await serve();
  expect((await logIn()).code).toBe(0);
  // The server goes on by itself, and may be done before the client is there again.
  const { created, unchanged } = resultOf(await run('escrow register B1')) as Counts;
  expect(created + unchanged).toBe(UNITS);
  const same = await run('escrow register B1');
  expect(resultOf(same)).toMatchObject({ created: 0, unchanged: UNITS, conflict: 0 });
}, 300_000);

/** Resolves once a commit has carried out a part and has more before it. */
function waitForAppliedPart(): Promise<void> {
  return waitUntil(async ({ reader }) => {
    const running = reader.selectFrom('operations').select('id').where('state', '=', 'running');
    return (await running.where('done', '>', 0).execute()).length > 0;
  });
}

/** Resolves once the registry has a part. */
function waitForPart(): Promise<void> {
  return waitUntil(async ({ reader }) => {
    return (await reader.selectFrom('uploadParts').select('n').limit(1).execute()).length > 0;
  });
}

/** Looks into the served database until it is as wanted. */
async function waitUntil(isSo: (store: Store) => Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      await using store = await openStore(join(folder, 'registry.sqlite'), { create: false });
      while (!(await isSo(store))) await new Promise((resolve) => setImmediate(resolve));
      return;
    } catch (error) {
      // The server may hold it for a moment.
      if (!(error instanceof KeylineError) || error.code !== 'registry-unavailable') throw error;
    }
  }
}

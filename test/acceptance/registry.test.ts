import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/kernel/sqlite.ts';
import { keyline, ROOT } from './cli.ts';

let folder: string;
const env = {};
const password = 'correct horse battery staple';

const run = (...args: string[]) => keyline(['registry', ...args, '--json'], { cwd: folder, env });
const codeOf = (stdout: string): string =>
  (JSON.parse(stdout) as { error: { code: string } }).error.code;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-registry-'));
  writeFileSync(join(folder, 'pass'), `${password}\n`, { mode: 0o600 });
  const made = await run('init', '--admin', 'root', '--admin-password-file', 'pass');
  expect([made.code, made.stderr]).toEqual([0, '']);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A server and what it printed first: its addresses. */
async function serve(...args: string[]): Promise<{ process: ChildProcess; urls: string[] }> {
  const bin = join(ROOT, 'bin/run.js');
  const command = [bin, 'registry', 'serve', '--listen', '127.0.0.1:0', ...args];
  const server = spawn(process.execPath, command, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [chunk] = (await once(server.stdout, 'data')) as [Buffer];
  return { process: server, urls: chunk.toString().trim().split('\n') };
}

function fetchText(url: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => {
        resolve({ status: response.statusCode, text });
      });
    }).on('error', reject);
  });
}

it('serves what was made, its metrics elsewhere, and ends in order with SIGTERM', async () => {
  const { process: server, urls } = await serve('--admin-listen', '127.0.0.1:0');
  const [url = '', admin = ''] = urls;
  expect((await fetchText(`${url}/readyz`)).status).toBe(200);
  expect((await fetchText(`${url}/metrics`)).status).toBe(404);
  expect((await fetchText(`${admin}/metrics`)).text).toContain('keyline_http_requests_total');
  const second = await run('serve', '--listen', '127.0.0.1:0');
  expect([second.code, codeOf(second.stdout)]).toEqual([2, 'registry-busy']);
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
});

it('keeps the database and the master key to its owner, and the password in neither', () => {
  for (const name of ['registry.sqlite', 'registry.key']) {
    expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    expect(readFileSync(join(folder, name)).includes(password)).toBe(false);
  }
});

it.each([
  ['init', ['--admin', 'bob', '--admin-password-file', 'pass'], 2, 'registry-exists'],
  ['serve', ['--database', 'none.sqlite'], 2, 'registry-missing'],
  ['serve', ['--listen', '0.0.0.0:0'], 2, 'plain-http'],
  ['serve', ['--listen', 'here'], 2, 'usage'],
  ['serve', ['--listen', '192.0.2.1:0', '--insecure-http'], 2, 'listen-failed'],
  ['serve', ['--tls-cert', 'pass'], 2, 'usage'],
  ['serve', ['--master-key-file', 'pass'], 3, 'master-key-invalid'],
] as const)('refuses %s %j', async (verb, args, code, error) => {
  const ran = await run(verb, ...args);
  expect([ran.code, codeOf(ran.stdout)]).toEqual([code, error]);
});

it('refuses a master key of another registry, and one that others may read', async () => {
  const other = ['--database', 'other.sqlite', '--master-key-file', 'other.key'];
  await run('init', ...other, '--admin', 'root', '--admin-password-file', 'pass');
  const foreign = await run('serve', '--master-key-file', 'other.key');
  expect(codeOf(foreign.stdout)).toBe('master-key-invalid');
  chmodSync(join(folder, 'other.key'), 0o644);
  const open = await run('serve', ...other);
  expect(codeOf(open.stdout)).toBe('master-key-invalid');
});

it('backs up what is served and written to, and puts it back in another epoch', async () => {
  const { process: server, urls } = await serve();
  const token = await logIn(urls[0] ?? '');
  let made = 0;
  const done = new AbortController();
  const writing = (async () => {
    while (!done.signal.aborted) await makeAccount(urls[0] ?? '', token, made++);
  })();
  const backup = await run('backup', '-o', 'live.backup');
  done.abort();
  await writing;
  expect([backup.code, backup.stderr]).toEqual([0, '']);
  const served = await run('restore', 'live.backup', '--force', '--yes');
  expect([served.code, codeOf(served.stdout)]).toEqual([2, 'registry-busy']);
  const { next } = await events(urls[0] ?? '', token, '0');
  server.kill('SIGTERM');
  await once(server, 'exit');

  expect((await run('restore', 'live.backup', '--force')).stdout).toContain('needs-yes');
  const restored = await run('restore', 'live.backup', '--force', '--yes');
  expect([restored.code, restored.stderr]).toEqual([0, '']);
  expect((await run('audit', 'verify')).code).toBe(0);
  const { process: again, urls: after } = await serve();
  const url = after[0] ?? '';
  expect(await events(url, token, next)).toMatchObject({ code: 'unauthenticated' });
  const renewed = await logIn(url);
  expect(await events(url, renewed, next)).toMatchObject({ code: 'cursor-gone', status: 410 });
  const { items = [] } = await events(url, renewed, '0');
  expect(items.at(-1)).toMatchObject({ type: 'registry.restored' });
  again.kill('SIGTERM');
  await once(again, 'exit');
});

it.each([
  ['backup', ['--database', 'postgres://localhost/none', '-o', 'pg.backup'], 2, 'usage'],
  ['restore', ['live.backup', '--database', 'postgres://localhost/none'], 2, 'usage'],
  ['restore', [], 2, 'usage'],
  ['restore', ['live.backup', '--new-epoch'], 2, 'usage'],
  ['restore', ['pass', '--force', '--yes'], 3, 'registry-damaged'],
  ['backup', ['-o', 'live.backup'], 2, 'output-exists'],
  ['audit', ['verify', '--account', 'nobody'], 2, 'not-found'],
] as const)('refuses %s %j', async (verb, args, code, error) => {
  const ran = await run(verb, ...args);
  expect([ran.code, codeOf(ran.stdout)]).toEqual([code, error]);
});

it('says with 3 which account’s chain is broken, and where', async () => {
  const database = await openDatabase(join(folder, 'registry.sqlite'));
  database.exec('DELETE FROM "audit" WHERE "seq" = 1');
  database.close();
  const { code, stdout } = await run('audit', 'verify', '--account', 'platform');
  expect([code, codeOf(stdout)]).toEqual([3, 'audit-broken']);
  expect(stdout).toContain('platform: entry 1');
});

async function post(url: string, body: object, headers: object = {}): Promise<unknown> {
  const json = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  const request = { method: 'POST', body: JSON.stringify(body), headers: { ...json, ...headers } };
  return await (await fetch(url, request)).json();
}

async function logIn(url: string): Promise<string> {
  const answer = await post(`${url}/v1/login`, { login: 'root', password });
  return (answer as { accessToken: string }).accessToken;
}

async function makeAccount(url: string, token: string, n: number): Promise<void> {
  const admin = { login: `admin-${n}`, name: 'Admin' };
  const body = { handle: `acme-${n}`, name: 'Acme', kind: 'oem', admin };
  const made = await post(`${url}/v1/accounts`, body, { authorization: `Bearer ${token}` });
  expect(made).not.toHaveProperty('code');
}

interface Feed {
  readonly next: string;
  readonly items?: readonly { readonly type: string }[];
}

async function events(url: string, token: string, after: string): Promise<Feed> {
  const headers = { authorization: `Bearer ${token}` };
  return (await (
    await fetch(`${url}/v1/events?after=${after}&limit=1000`, { headers })
  ).json()) as Feed;
}

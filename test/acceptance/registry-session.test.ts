import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn as spawnOnTerminal } from '@lydell/node-pty';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestPassword } from '../../src/service/auth/secret-digest.ts';
import { stepAt, totpCode } from '../../src/service/auth/totp.ts';
import { sealValue } from '../../src/service/keys/sealed-value.ts';
import { createPrincipal, rotateSecret } from '../../src/service/store/principals.ts';
import { listenProxy, listenTls, makeCertificate } from '../registry/tls-rig.ts';
import { ServiceRig } from '../service/rig.ts';
import type { TestMember } from '../service/rig.ts';
import { fromBase32 } from './base32.ts';
import { keyline, PROGRAM } from './cli.ts';
import type { Ran } from './cli.ts';

const ORIGIN = { actor: 'registry' } as const;
const PASSWORD = 'a password of the test';
const HOUR_MS = 3_600_000;
let rig: ServiceRig;
let url: string;
let folder: string;
let client: TestMember;
let people = 0;

beforeAll(async () => {
  rig = await ServiceRig.start();
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(rig.app.server.address() as AddressInfo).port}`;
});
afterAll(() => rig[Symbol.asyncDispose]());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-session-'));
  client = await rig.member(['factory-engineer']);
  const files = { 'client.id': client.principalId, 'client.secret': client.clientSecret };
  for (const [name, text] of Object.entries({ ...files, pass: PASSWORD })) {
    writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 });
  }
  return () => {
    rmSync(folder, { recursive: true });
  };
});

const homeEnv = (): Record<string, string> => ({ KEYLINE_HOME: join(folder, 'home') });
const registry = (line: string, more: { env?: Record<string, string>; input?: string } = {}) =>
  keyline(['registry', ...line.split(' '), '--json'], {
    ...{ cwd: folder, env: { ...homeEnv(), ...more.env }, withinMs: 60_000 },
    ...(more.input !== undefined && { input: more.input }),
  });
const said = ({ code, stdout }: Ran): unknown[] => {
  const { result, error } = JSON.parse(stdout) as { result?: unknown; error?: { code: string } };
  return [code, error?.code ?? result];
};
const CLIENT_FILES = '--client-id-file client.id --client-secret-file client.secret';

/** A person, with an authenticator where `totp` is what it holds. */
async function person(
  totp?: Uint8Array,
): Promise<{ readonly login: string; readonly accountId: string }> {
  const accountId = await rig.account();
  const login = `pat-${people++}`;
  const secretDigest = await digestPassword(PASSWORD);
  await rig.store.change(ORIGIN, async (change) => {
    const wanted = { kind: 'user', accountId, login, name: 'Pat', secretDigest } as const;
    const { id } = await createPrincipal(change, { ...wanted, roles: ['auditor'] });
    if (!totp) return;
    const place = { purpose: 'totp', owner: id } as const;
    await change.db
      .updateTable('principals')
      .set({ totp: sealValue(rig.service.masterKey, place, totp) })
      .where('id', '=', id)
      .execute();
  });
  return { login, accountId };
}

/** What is typed, or made of all that was shown until then. */
type Answer = string | ((shown: string) => string);

/** A command at a terminal: `answers` is typed, one after the other question; resolves to all it showed. */
function atTerminal(
  line: string,
  answers: readonly (readonly [question: string, answer: Answer])[],
): Promise<{ readonly code: number; readonly shown: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const terminal = spawnOnTerminal(process.execPath, [PROGRAM, 'registry', ...line.split(' ')], {
    ...{ cwd: folder, cols: 80, rows: 24, env: { PATH, HOME, TERM: 'xterm', ...homeEnv() } },
  });
  let shown = '';
  let asked = 0;
  terminal.onData((text) => {
    shown += text;
    const [question, answer] = answers[asked] ?? [];
    if (question === undefined || !shown.includes(question)) return;
    asked++;
    terminal.write(`${typeof answer === 'function' ? answer(shown) : (answer ?? '')}\r`);
  });
  return new Promise((resolve) => {
    terminal.onExit(({ exitCode }) => {
      resolve({ code: exitCode, shown });
    });
  });
}

describe('a context', () => {
  it('is a file of its own that only its owner reads, and has the token that no output shows', async () => {
    const { login } = await person();
    const first = await registry(`login ${url} ${CLIENT_FILES}`);
    const second = await registry(
      `login ${url} --context pat --login ${login} --password-file pass`,
    );
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(readdirSync(join(folder, 'home/registry')).sort()).toEqual(['default.json', 'pat.json']);
    for (const name of ['default', 'pat']) {
      const path = join(folder, `home/registry/${name}.json`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const text = readFileSync(path, 'utf8');
      expect([text.includes('kt_'), text.includes(PASSWORD)]).toEqual([true, false]);
    }
    expect(`${first.stdout}${second.stdout}`).not.toContain('kt_');
  });

  it('is named by a flag, else by the environment, else is the default one', async () => {
    const { login, accountId } = await person();
    await registry(`login ${url} ${CLIENT_FILES}`);
    await registry(`login ${url} --context pat --login ${login} --password-file pass`);
    const whoami = async (line: string, env = {}) => said(await registry(line, { env }))[1];
    const isClient = { accountId: client.accountId, clientId: client.principalId };
    const isPat = { accountId, login, roles: ['auditor'] };
    expect(await whoami('whoami')).toMatchObject(isClient);
    expect(await whoami('whoami', { KEYLINE_CONTEXT: 'pat' })).toMatchObject(isPat);
    const both = await whoami('whoami --context default', { KEYLINE_CONTEXT: 'pat' });
    expect(both).toMatchObject(isClient);
  });

  it('ends alone: the token of the other one goes on', async () => {
    await registry(`login ${url} ${CLIENT_FILES}`);
    await registry(`login ${url} --context other ${CLIENT_FILES}`);
    expect((await registry('logout --context other')).code).toBe(0);
    expect(said(await registry('whoami --context other'))).toEqual([5, 'unauthenticated']);
    expect((await registry('whoami')).code).toBe(0);
    expect(readdirSync(join(folder, 'home/registry'))).toEqual(['default.json']);
  });

  it('gives its token to no other address', async () => {
    await registry(`login ${url} ${CLIENT_FILES}`);
    const elsewhere = await registry('whoami --registry http://127.0.0.1:9');
    expect(said(elsewhere)).toEqual([5, 'unauthenticated']);
  });

  it.each(['Up', '../x', 'a b', '-a'])('is not named %j', async (name) => {
    const args = ['registry', 'whoami', `--context=${name}`, '--json'];
    const ran = await keyline(args, { cwd: folder, env: homeEnv() });
    expect(said(ran)).toEqual([2, 'usage']);
  });
});

describe('a registry behind TLS and a proxy', () => {
  it('is reached by the CA that the log-in kept and by the proxy of the environment', async () => {
    const certificate = await makeCertificate();
    const behind = await listenTls(certificate, (request, response) => {
      rig.app.routing(request, response);
    });
    const proxy = await listenProxy(behind.port, { password: 'open' });
    const env = { HTTPS_PROXY: proxy.url };
    writeFileSync(join(folder, 'ca.pem'), certificate.ca);
    try {
      const line = `login https://registry.test:${behind.port} ${CLIENT_FILES}`;
      const unknown = await registry(line, { env });
      expect(said(unknown)).toEqual([5, 'registry-untrusted']);
      expect((await registry(`${line} --ca-file ca.pem`, { env })).code).toBe(0);
      rmSync(join(folder, 'ca.pem'));
      const isClient = expect.objectContaining({ clientId: client.principalId }) as unknown;
      expect(said(await registry('whoami', { env }))).toEqual([0, isClient]);
      const wrong = { HTTPS_PROXY: proxy.url.replace('open', 'wrong') };
      expect(said(await registry('whoami', { env: wrong }))).toEqual([5, 'proxy-refused']);
      expect((await registry('logout', { env })).code).toBe(0);
      expect(new Set(proxy.asked)).toEqual(new Set([`registry.test:${behind.port}`]));
    } finally {
      for (const { server } of [behind, proxy]) {
        server.closeAllConnections();
        server.close();
      }
    }
  });

  it('is not looked for with a CA file that has none', async () => {
    for (const [name, code] of [
      ['pass', 'usage'],
      ['none.pem', 'not-found'],
    ] as const) {
      const ran = await registry(`login ${url} ${CLIENT_FILES} --ca-file ${name}`);
      expect(said(ran)).toEqual([2, code]);
    }
  });
});

describe('a token in a file', () => {
  const token = (): void => {
    writeFileSync(join(folder, 'token'), `${client.token}\n`);
  };

  it('serves without a log-in, by flags or by the environment', async () => {
    token();
    const env = { KEYLINE_TOKEN_FILE: 'token', KEYLINE_REGISTRY: url };
    for (const ran of [
      await registry(`whoami --registry ${url} --token-file token`),
      await registry(`whoami --registry ${url} --token-file -`, { input: client.token }),
      await registry('whoami', { env }),
    ]) {
      expect(said(ran)).toEqual([0, expect.objectContaining({ roles: ['factory-engineer'] })]);
    }
    expect(readdirSync(folder)).not.toContain('home');
  });

  it('does not go to the registry of a context that a flag names', async () => {
    token();
    const { login } = await person();
    await registry(`login ${url} --context pat --login ${login} --password-file pass`);
    const env = { KEYLINE_TOKEN_FILE: 'token', KEYLINE_REGISTRY: url };
    const ran = await registry('whoami --context pat', { env });
    expect(said(ran)).toEqual([0, expect.objectContaining({ login })]);
  });

  it('is refused where it is no token, an ended one, or has no address', async () => {
    writeFileSync(join(folder, 'token'), 'one\ntwo\n');
    const none = await registry(`whoami --registry ${url} --token-file token`);
    expect(said(none)).toEqual([2, 'usage']);
    writeFileSync(join(folder, 'token'), `kt_${'a'.repeat(43)}\n`);
    const ended = await registry(`whoami --registry ${url} --token-file token`);
    expect(said(ended)).toEqual([5, 'unauthenticated']);
    expect(said(await registry('whoami --token-file token'))).toEqual([5, 'unauthenticated']);
  });
});

describe('a token that has ended', () => {
  it('is replaced by itself where the client’s files may be used, and again after that', async () => {
    await registry(`login ${url} ${CLIENT_FILES} --renew`);
    const token = () => readFileSync(join(folder, 'home/registry/default.json'), 'utf8');
    const tokens = [token()];
    for (let n = 0; n < 2; n++) {
      rig.clock.ms += 2 * HOUR_MS;
      expect((await registry('whoami')).code).toBe(0);
      tokens.push(token());
    }
    expect(new Set(tokens).size).toBe(3);
  });

  it('is replaced no more once the secret was rotated, and the client says how to go on', async () => {
    await registry(`login ${url} ${CLIENT_FILES} --renew`);
    await rig.store.change(ORIGIN, (change) =>
      rotateSecret(change, { id: client.principalId, accountId: client.accountId }, 'another'),
    );
    const ran = await registry('whoami');
    expect(said(ran)).toEqual([5, 'unauthenticated']);
    expect(ran.stdout).toContain('keyline registry login --context default');
  });

  it('has a person log in again, by the address and the name that are known', async () => {
    const { login } = await person();
    await registry(`login ${url} --context pat --login ${login} --password-file pass`);
    rig.clock.ms += 2 * HOUR_MS;
    const ended = await registry('whoami --context pat');
    expect(said(ended)).toEqual([5, 'unauthenticated']);
    expect(ended.stdout).toContain('keyline registry login --context pat');
    expect((await registry('login --context pat --password-file pass')).code).toBe(0);
    expect((await registry('whoami --context pat')).code).toBe(0);
  });
});

describe('an authenticator', () => {
  const later = (key: Uint8Array, steps: number) => totpCode(key, stepAt(rig.clock.ms) + steps);

  it('is enrolled at a terminal by the key that is shown there once, and taken away by a code', async () => {
    const { login } = await person();
    await registry(`login ${url} --login ${login} --password-file pass`);
    let key: Uint8Array = new Uint8Array();
    const { code, shown } = await atTerminal('totp add', [
      [
        'Code of your authenticator',
        (text) => {
          key = fromBase32(/type it: ([A-Z2-7 ]+)/.exec(text)?.[1] ?? '');
          return later(key, 0);
        },
      ],
    ]);
    expect([code, key.length, shown.includes('█')]).toEqual([0, 20, true]);
    const again = `login ${url} --login ${login} --password-file pass`;
    expect(said(await registry(again))).toEqual([5, 'totp-required']);
    expect(said(await registry(`totp remove --code ${later(key, 0)}`))).toEqual([
      5,
      'unauthenticated',
    ]);
    expect((await registry('whoami')).code).toBe(0);
    expect((await registry(`totp remove --code ${later(key, 1)}`)).code).toBe(0);
    expect((await registry(again)).code).toBe(0);
  });

  it('is enrolled off a terminal by a file for its owner only, and no output has its key', async () => {
    const { login } = await person();
    await registry(`login ${url} --login ${login} --password-file pass`);
    expect(said(await registry('totp add'))).toEqual([2, 'secret-to-terminal']);
    expect(said(await registry('totp add -o -'))).toEqual([2, 'secret-to-terminal']);
    const written = await registry('totp add -o key.uri');
    const uri = readFileSync(join(folder, 'key.uri'), 'utf8');
    const secret = /secret=([A-Z2-7]+)/.exec(uri)?.[1] ?? '';
    expect([written.code, statSync(join(folder, 'key.uri')).mode & 0o777]).toEqual([0, 0o600]);
    expect([secret.length, written.stdout.includes(secret)]).toEqual([32, false]);
    expect(said(await registry('totp confirm'))).toEqual([2, 'usage']);
    const key = fromBase32(secret);
    const wrong = `totp confirm --code ${later(key, 5)}`;
    expect(said(await registry(wrong))).toEqual([5, 'unauthenticated']);
    expect((await registry(`totp confirm --code ${later(key, 0)}`)).code).toBe(0);
    expect(said(await registry('totp add -o next.uri'))).toEqual([5, 'state-conflict']);
  });
});

describe('a person', () => {
  it.each([
    [`login URL`, 'login-incomplete'],
    [`login URL --login pat`, 'login-incomplete'],
    [`login URL --password-file pass`, 'login-incomplete'],
    [`login URL --client-id-file client.id`, 'login-incomplete'],
    [`login URL --renew --login pat`, 'usage'],
    [`login --login pat --password-file pass`, 'usage'],
    [`login nowhere --login pat --password-file pass`, 'usage'],
    [`login http://registry.example --login pat --password-file pass`, 'plain-http'],
  ])('is not asked off a terminal: %s', async (line, code) => {
    expect(said(await registry(line.replace('URL', url)))).toEqual([2, code]);
  });

  it('gives the password by standard input, and the authenticator’s code by a flag', async () => {
    const held = new Uint8Array(20).fill(7);
    const { login } = await person(held);
    const line = `login ${url} --login ${login} --password-file -`;
    const missing = await registry(line, { input: `${PASSWORD}\n` });
    expect(said(missing)).toEqual([5, 'totp-required']);
    const code = totpCode(held, stepAt(rig.clock.ms));
    const done = await registry(`${line} --code ${code}`, { input: PASSWORD });
    expect(said(done)).toEqual([0, expect.objectContaining({ login })]);
  });

  it('is asked at a terminal for name, password and code, and the password is not shown', async () => {
    const held = new Uint8Array(20).fill(9);
    const { login } = await person(held);
    const { code, shown } = await atTerminal(`login ${url}`, [
      ['Log-in name', login],
      ['Password', PASSWORD],
      ['authenticator', totpCode(held, stepAt(rig.clock.ms))],
    ]);
    expect([code, shown.includes(PASSWORD)]).toEqual([0, false]);
    expect(said(await registry('whoami'))).toEqual([0, expect.objectContaining({ login })]);
  });

  it('leaves nothing behind with Ctrl-C at a question', async () => {
    const { code } = await atTerminal(`login ${url}`, [['Log-in name', '\u0003']]);
    expect(code).toBe(130);
    expect(readdirSync(folder)).not.toContain('home');
  });

  it('is refused with a wrong password, and keeps the context it had', async () => {
    const { login } = await person();
    await registry(`login ${url} --login ${login} --password-file pass`);
    writeFileSync(join(folder, 'pass'), 'another password\n');
    const ran = await registry(`login ${url} --login ${login} --password-file pass`);
    expect(said(ran)).toEqual([5, 'unauthenticated']);
    expect((await registry('whoami')).code).toBe(0);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/model/role.ts';
import { digestPassword } from '../../src/service/auth/secret-digest.ts';
import { stepAt, totpCode } from '../../src/service/auth/totp.ts';
import { WakeSignal } from '../../src/service/http/stream.ts';
import { createPrincipal, setPrincipalState } from '../../src/service/store/principals.ts';
import { ServiceRig } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
const PASSWORD = 'a password of the test';
let rig: ServiceRig;
let secretDigest: string;
let people = 0;

beforeAll(async () => {
  rig = await ServiceRig.start();
  secretDigest = await digestPassword(PASSWORD);
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Person {
  readonly id: string;
  readonly login: string;
  readonly accountId: string;
}

async function person(roles: readonly Role[] = ['account-admin'], on = rig): Promise<Person> {
  const accountId = await on.account();
  const login = `person-${people++}`;
  const { id } = await on.store.change(ORIGIN, (change) =>
    createPrincipal(change, { kind: 'user', accountId, login, name: 'Ann', roles, secretDigest }),
  );
  return { id, login, accountId };
}

const logIn = (body: object, on = rig) =>
  on.app.inject({ method: 'POST', url: '/v1/login', body: { password: PASSWORD, ...body } });
const codeOf = (response: { json(): unknown }): unknown =>
  (response.json() as { code?: unknown }).code;

type Headers = Record<'authorization', string>;
async function tokenOf(body: object): Promise<Headers> {
  const response = await logIn(body);
  expect(response.statusCode).toBe(200);
  return { authorization: `Bearer ${response.json<{ accessToken: string }>().accessToken}` };
}

let keys = 0;
const post = (url: string, headers: Headers, body?: object) =>
  rig.app.inject({
    method: 'POST',
    url,
    headers: { ...headers, 'idempotency-key': `login-test-${keys++}` },
    ...(body && { body }),
  });

/** Enrols, as a person with an authenticator does; resolves to what the authenticator holds. */
async function enrol(headers: Headers): Promise<Uint8Array> {
  const { secret } = (await post('/v1/me/totp', headers)).json<{ secret: string }>();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret]
    .map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0'))
    .join('');
  const held = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
  const confirmed = await post('/v1/me/totp/confirm', headers, { code: codeNow(held) });
  expect(confirmed.json()).toEqual({ hasTotp: true });
  return held;
}
const codeNow = (secret: Uint8Array): string => totpCode(secret, stepAt(rig.clock.ms));

describe('a person', () => {
  it('logs in with a password, to the account that is its own', async () => {
    const { id, login, accountId } = await person();
    const headers = await tokenOf({ login });
    const me = await rig.app.inject({ url: '/v1/me', headers });
    expect(me.json()).toMatchObject({
      ...{ id, login, accountId, kind: 'user', hasTotp: false, mustEnrolTotp: false },
      accounts: [{ id: accountId, roles: ['account-admin'] }],
    });
  });

  it('logs in to another account by its handle, with the roles it has there and no other', async () => {
    const { id, login } = await person();
    const accountId = await rig.account();
    await rig.store.change(ORIGIN, async (change) => {
      await change.db
        .insertInto('memberships')
        .values({ accountId, principalId: id, role: 'auditor' })
        .execute();
    });
    const me = await rig.app.inject({ url: '/v1/me', headers: await tokenOf({ login }) });
    const { accounts } = me.json<{ accounts: { id: string; handle: string }[] }>();
    const account = accounts.find((one) => one.id === accountId)?.handle;
    const headers = await tokenOf({ login, account });
    const there = await rig.app.inject({ url: '/v1/account', headers });
    expect(there.json()).toMatchObject({ id: accountId });
    const changed = await rig.app.inject({
      ...{ method: 'PATCH', url: '/v1/account', body: { name: 'Mine' } },
      headers: { ...headers, 'if-match': '"1"' },
    });
    expect(codeOf(changed)).toBe('forbidden');
  });

  it('is told alike of an account where it has no role and of one that is not there', async () => {
    const { login } = await person();
    const foreign = await rig.member(['auditor']);
    const found = await rig.app.inject({ url: '/v1/account', headers: foreign.headers });
    const { handle } = found.json<{ handle: string }>();
    const [one, two] = [
      await logIn({ login, account: handle }),
      await logIn({ login, account: 'no' }),
    ];
    const details = [one, two].map((response) => response.json<{ detail: string }>().detail);
    expect([one.statusCode, codeOf(one), codeOf(two)]).toEqual([403, 'forbidden', 'forbidden']);
    expect(details[0]).toBe(details[1]);
  });

  it.each(['nobody', 'wrong', 'disabled', 'invited'])(
    'gets the one answer where it is %s',
    async (how) => {
      const { id, login, accountId } = await person();
      await rig.store.change(ORIGIN, async (change) => {
        const { db } = change;
        if (how === 'disabled') await setPrincipalState(change, { id, accountId }, 'disabled');
        if (how === 'invited') {
          await db
            .updateTable('principals')
            .set({ secretDigest: null })
            .where('id', '=', id)
            .execute();
        }
      });
      const response = await logIn({
        login: how === 'nobody' ? 'nobody' : login,
        ...(how === 'wrong' && { password: 'another password' }),
      });
      expect(response.statusCode).toBe(401);
      expect(response.json()).toMatchObject({
        code: 'unauthenticated',
        detail: 'the name, the password or the code is wrong',
      });
    },
  );

  it('leaves a failed try and a log-in to the auditor, and its password nowhere', async () => {
    const { login, accountId } = await person();
    using woken = new WakeSignal(rig.store, [accountId]);
    await logIn({ login, password: 'not this one, no' });
    await woken.wait(AbortSignal.timeout(5_000), 5_000);
    await tokenOf({ login });
    const rows = await rig.store.reader
      .selectFrom('audit')
      .select('body')
      .where('accountId', '=', accountId)
      .orderBy('seq')
      .execute();
    const types = rows.map(({ body }) => (JSON.parse(body) as { type: string }).type);
    expect(types.slice(-2)).toEqual(['login.failed', 'login.succeeded']);
    expect(rig.logged.join('') + JSON.stringify(rows)).not.toMatch(
      /a password of the test|not this one/,
    );
  });

  it('is held back by its name and by its address, whether or not it exists', async () => {
    await using small = await ServiceRig.start({ loginsPerTenMinutes: 1 });
    const { login } = await person(['auditor'], small);
    const tryAs = (name: string) => logIn({ login: name, password: 'no' }, small);
    for (const name of [login, 'nobody']) {
      const [first, second] = [await tryAs(name), await tryAs(name)];
      expect([first.statusCode, second.statusCode]).toEqual([401, 429]);
      expect(Number(second.headers['retry-after'])).toBeGreaterThan(60);
    }
    // Four of the ten that an address may.
    for (let n = 0; n < 6; n++) expect((await tryAs(`x-${n}`)).statusCode).toBe(401);
    expect(codeOf(await tryAs('x-6'))).toBe('rate-limited');
  });
});

describe('an authenticator', () => {
  it('is asked for once it is confirmed, and each of its codes serves once', async () => {
    const { login } = await person();
    const headers = await tokenOf({ login });
    await post('/v1/me/totp', headers);
    await tokenOf({ login }); // shown and not confirmed: it counts for nothing yet
    const held = await enrol(headers);
    expect(codeOf(await logIn({ login }))).toBe('totp-required');
    expect(codeOf(await logIn({ login, password: 'wrong' }))).toBe('unauthenticated');
    expect(codeOf(await logIn({ login, code: codeNow(held) }))).toBe('unauthenticated'); // confirmed it
    rig.clock.ms += 30_000;
    const code = codeNow(held);
    const both = await Promise.all([logIn({ login, code }), logIn({ login, code })]);
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([200, 401]);
  });

  it('is taken away by a code of its own, and by nothing less', async () => {
    const { login } = await person();
    const headers = await tokenOf({ login });
    const held = await enrol(headers);
    expect(codeOf(await post('/v1/me/totp', headers))).toBe('state-conflict');
    const used = await post('/v1/me/totp/disable', headers, { code: codeNow(held) });
    expect(codeOf(used)).toBe('unauthenticated');
    rig.clock.ms += 30_000;
    const done = await post('/v1/me/totp/disable', headers, { code: codeNow(held) });
    expect(done.json()).toEqual({ hasTotp: false });
    await tokenOf({ login });
  });

  it('is kept sealed', async () => {
    const { id, login } = await person();
    const held = await enrol(await tokenOf({ login }));
    const row = await rig.store.reader
      .selectFrom('principals')
      .select('totp')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row.totp).toHaveLength(12 + 20 + 16);
    expect(Buffer.from(row.totp ?? []).includes(Buffer.from(held))).toBe(false);
  });

  it('is needed by the admins of an account that says so, from that moment on', async () => {
    const { login } = await person();
    const headers = await tokenOf({ login });
    const patched = await rig.app.inject({
      ...{ method: 'PATCH', url: '/v1/account', body: { needsTotp: true } },
      headers: { ...headers, 'if-match': '"1"' },
    });
    expect(patched.statusCode).toBe(200);
    const look = () => rig.app.inject({ url: '/v1/account', headers });
    const refused = await look();
    expect([refused.statusCode, codeOf(refused)]).toEqual([403, 'totp-not-enrolled']);
    const me = await rig.app.inject({ url: '/v1/me', headers: await tokenOf({ login }) });
    expect(me.json()).toMatchObject({ mustEnrolTotp: true });
    await enrol(headers);
    expect((await look()).statusCode).toBe(200);
  });
});

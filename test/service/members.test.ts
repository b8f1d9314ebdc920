import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { stepAt } from '../../src/service/auth/totp.ts';
import { findAccount } from '../../src/service/store/accounts.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';

const PASSWORD = 'a password of the test';
let rig: ServiceRig;
let admin: TestMember;
let people = 0;
let keys = 0;

beforeAll(async () => {
  rig = await ServiceRig.start();
  admin = await rig.member(['account-admin'], { kind: 'user' });
});
afterAll(() => rig[Symbol.asyncDispose]());

type Method = 'GET' | 'POST' | 'PATCH';
const send = (
  method: Method,
  url: string,
  { by, body, etag = '"1"' }: { by?: TestMember; body?: object; etag?: string } = {},
) =>
  rig.app.inject({
    method,
    url,
    headers: {
      ...by?.headers,
      ...(method === 'POST' && { 'idempotency-key': `members-test-${keys++}` }),
      ...(method === 'PATCH' && { 'if-match': etag }),
    },
    ...(body && { body }),
  });
const codeOf = (response: { json(): unknown }): unknown =>
  (response.json() as { code?: unknown }).code;

interface Invited {
  readonly user: { readonly id: string; readonly login: string };
  readonly invitation: { readonly token: string };
}
async function invite(roles: readonly string[], by = admin): Promise<Invited> {
  const body = { login: `person-${people++}`, name: 'Ann', roles };
  const response = await send('POST', '/v1/users', { by, body });
  expect(response.statusCode).toBe(201);
  return response.json<Invited>();
}
const choose = (token: string, password = PASSWORD) =>
  send('POST', '/v1/password', { body: { token, password } });
const logIn = (login: string, more: object = {}) =>
  send('POST', '/v1/login', { body: { login, password: PASSWORD, ...more } });
const stands = async ({ headers }: Pick<TestMember, 'headers'>): Promise<boolean> =>
  (await rig.app.inject({ url: '/v1/me', headers })).statusCode === 200;

describe('an invitation', () => {
  it('of a new account is given again until its admin has a password', async () => {
    const by = await rig.member(['platform-admin'], { kind: 'user' });
    const account = `late-${people++}`;
    const wanted = {
      handle: account,
      name: 'L',
      kind: 'oem',
      admin: { login: account, name: 'L' },
    };
    const made = await send('POST', '/v1/accounts', { by, body: wanted });
    const { invitation: lost } = made.json<Invited>();
    const again = () => send('POST', '/v1/accounts/invitations', { by, body: { account } });
    const second = await again();
    expect([second.statusCode, second.json()]).toMatchObject([201, { admin: { login: account } }]);
    expect((await choose(lost.token)).statusCode).toBe(410);
    expect((await choose(second.json<Invited>().invitation.token)).statusCode).toBe(204);
    expect(codeOf(await again())).toBe('state-conflict');
    const unknown = { by, body: { account: 'nobody-at-all' } };
    expect(codeOf(await send('POST', '/v1/accounts/invitations', unknown))).toBe('object-unknown');
    const refused = await send('POST', '/v1/accounts/invitations', {
      by: admin,
      body: { account },
    });
    expect(codeOf(refused)).toBe('forbidden');
  });

  it('of an account that a guest manages is not given again by the platform', async () => {
    const by = await rig.member(['platform-admin'], { kind: 'user' });
    const first = await rig.member(['account-admin'], { kind: 'user' });
    const { accountId } = first;
    const guest = await guestOf(first, ['account-admin']);
    await invite(['account-admin'], first);
    const { token } = await rig.store.change({ actor: 'registry' }, (change) =>
      issueToken(change, { accountId, principalId: guest.principalId, secretVersion: 1 }),
    );
    const asGuest = { ...guest, headers: { authorization: `Bearer ${token}` } };
    const left = { by: asGuest, body: { roles: [] } };
    expect((await send('PATCH', `/v1/users/${first.principalId}`, left)).statusCode).toBe(200);
    const account = (await findAccount(rig.store.reader, accountId))?.handle;
    const again = await send('POST', '/v1/accounts/invitations', { by, body: { account } });
    expect(codeOf(again)).toBe('state-conflict');
  });

  it('lets a person choose a password, once', async () => {
    const { user, invitation } = await invite(['auditor']);
    expect((await logIn(user.login)).statusCode).toBe(401);
    const both = await Promise.all([choose(invitation.token), choose(invitation.token)]);
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([204, 410]);
    expect((await logIn(user.login)).statusCode).toBe(200);
    expect(codeOf(await choose(invitation.token))).toBe('link-ended');
  });

  it('serves for its time, and is nowhere in the database', async () => {
    const { invitation } = await invite(['auditor']);
    const rows = await rig.store.reader.selectFrom('onceOnly').selectAll().execute();
    const kept = await rig.store.reader.selectFrom('idempotency').selectAll().execute();
    expect(JSON.stringify([rows, kept])).not.toContain(invitation.token.slice(3));
    const before = rig.clock.ms;
    rig.clock.ms += 7 * 24 * 3_600_000;
    expect(codeOf(await choose(invitation.token))).toBe('link-ended');
    rig.clock.ms = before;
  });

  it('is not given for a name that is taken, in whatever account', async () => {
    const { user } = await invite(['auditor']);
    const by = await rig.member(['account-admin'], { kind: 'user' });
    const body = { login: user.login, name: 'Ann', roles: ['auditor'] };
    expect(codeOf(await send('POST', '/v1/users', { by, body }))).toBe('name-taken');
  });
});

describe('a reset', () => {
  it('replaces the password and what was offered before, and ends every token', async () => {
    const { user, invitation } = await invite(['auditor']);
    await choose(invitation.token);
    const { accessToken } = (await logIn(user.login)).json<{ accessToken: string }>();
    const headers = { authorization: `Bearer ${accessToken}` };
    const reset = () => send('POST', `/v1/users/${user.id}/reset`, { by: admin });
    const [old, next] = [await reset(), await reset()].map((one) => one.json<{ token: string }>());
    expect(await stands({ headers })).toBe(true);
    expect(codeOf(await choose(old?.token ?? ''))).toBe('link-ended');
    expect((await choose(next?.token ?? '', 'another password')).statusCode).toBe(204);
    expect(await stands({ headers })).toBe(false);
    expect((await logIn(user.login)).statusCode).toBe(401);
    expect((await logIn(user.login, { password: 'another password' })).statusCode).toBe(200);
  });

  it('is not made for someone above, nor for a guest whom another account vouches for', async () => {
    const { accountId } = admin;
    const lesser = await rig.member(['customer-admin'], { accountId, kind: 'user' });
    const above = await send('POST', `/v1/users/${admin.principalId}/reset`, { by: lesser });
    expect([above.statusCode, codeOf(above)]).toEqual([403, 'forbidden']);
    const guest = await guestOf(admin);
    const refused = await send('POST', `/v1/users/${guest.principalId}/reset`, { by: admin });
    expect(codeOf(refused)).toBe('forbidden');
  });
});

/** A person of another account with a role in this one. */
async function guestOf(by: TestMember, roles = ['auditor']): Promise<TestMember> {
  const guest = await rig.member(['account-admin'], { kind: 'user' });
  const { login } = (await send('GET', '/v1/me', { by: guest })).json<{ login: string }>();
  const body = { login, roles };
  const added = await send('POST', '/v1/memberships', { by, body });
  expect(added.json()).toMatchObject({ id: guest.principalId, isHome: false, roles });
  return guest;
}

describe('a member', () => {
  it('is listed with its roles in this account, a guest too, and nobody else', async () => {
    const by = await rig.member(['account-admin'], { kind: 'user' });
    const guest = await guestOf(by);
    const found: string[] = [];
    let url: string | undefined = '/v1/users?limit=1';
    while (url !== undefined) {
      const response = await send('GET', url, { by });
      found.push(...response.json<{ items: { id: string }[] }>().items.map(({ id }) => id));
      const link = response.headers['link'] as string | undefined;
      url = link === undefined ? undefined : /^<(.*)>/.exec(link)?.[1];
    }
    expect(found.sort()).toEqual([by.principalId, guest.principalId].sort());
  });

  it('of another account is let in once by two admins who do so at once', async () => {
    const guest = await rig.member(['account-admin'], { kind: 'user' });
    const { login } = (await send('GET', '/v1/me', { by: guest })).json<{ login: string }>();
    const body = { login, roles: ['auditor'] };
    const admit = () => send('POST', '/v1/memberships', { by: admin, body });
    const statuses = (await Promise.all([admit(), admit()])).map(({ statusCode }) => statusCode);
    expect(statuses.sort()).toEqual([201, 409]);
  });

  it('that comes from another account goes with its last role, and is found no more', async () => {
    const by = await rig.member(['account-admin'], { kind: 'user' });
    const guest = await guestOf(by);
    const url = `/v1/users/${guest.principalId}`;
    const etag = String((await send('GET', url, { by })).headers.etag);
    const gone = await send('PATCH', url, { by, body: { roles: [] }, etag });
    expect([gone.statusCode, gone.json()]).toMatchObject([200, { roles: [], isHome: false }]);
    expect(codeOf(await send('GET', url, { by }))).toBe('object-unknown');
    expect(await stands(guest)).toBe(true);
  });

  it('that is let in again does not get back the tokens that ended with its last role', async () => {
    const by = await rig.member(['account-admin'], { kind: 'user' });
    const { accountId } = by;
    const { principalId } = await guestOf(by);
    const { token } = await rig.store.change({ actor: 'registry' }, (change) =>
      issueToken(change, { accountId, principalId, secretVersion: 1 }),
    );
    const before = { headers: { authorization: `Bearer ${token}` } };
    expect(await stands(before)).toBe(true);
    const url = `/v1/users/${principalId}`;
    const { login } = (await send('GET', url, { by })).json<{ login: string }>();
    await send('PATCH', url, { by, body: { roles: [] } });
    expect(await stands(before)).toBe(false);
    await send('POST', '/v1/memberships', { by, body: { login, roles: ['auditor'] } });
    expect(await stands(before)).toBe(false);
  });

  it('loses at once what its roles no longer grant', async () => {
    const member = await rig.member(['auditor'], { kind: 'user', accountId: admin.accountId });
    const look = async () => (await send('GET', '/v1/users', { by: member })).statusCode;
    expect(await look()).toBe(200);
    const url = `/v1/users/${member.principalId}`;
    const changed = await send('PATCH', url, { by: admin, body: { roles: ['technician'] } });
    expect(changed.json()).toMatchObject({ roles: ['technician'] });
    expect(await look()).toBe(403);
    const { etag } = changed.headers;
    await send('PATCH', url, { by: admin, body: { roles: [] }, etag: String(etag) });
    expect(await look()).toBe(401);
  });

  it('is disabled with all its tokens, and not on the ground of an old ETag', async () => {
    const member = await rig.member(['auditor'], { kind: 'user', accountId: admin.accountId });
    const url = `/v1/users/${member.principalId}`;
    const body = { state: 'disabled' };
    expect((await send('PATCH', url, { by: admin, body, etag: '"9"' })).statusCode).toBe(412);
    expect(await stands(member)).toBe(true);
    expect((await send('PATCH', url, { by: admin, body })).statusCode).toBe(200);
    expect(await stands(member)).toBe(false);
  });

  it('gives nobody a role that is not its to give, nor takes one', async () => {
    const { accountId } = admin;
    const lesser = await rig.member(['customer-admin'], { accountId, kind: 'user' });
    const url = (id: string): string => `/v1/users/${id}`;
    const tries = [
      send('PATCH', url(lesser.principalId), { by: lesser, body: { roles: ['account-admin'] } }),
      send('PATCH', url(admin.principalId), { by: lesser, body: { roles: ['end-user'] } }),
      send('PATCH', url(lesser.principalId), { by: admin, body: { roles: ['platform-admin'] } }),
      send('POST', '/v1/users', {
        by: await rig.member(['account-admin'], { accountId }),
        body: { login: 'made-by-a-machine', name: 'M', roles: ['account-admin'] },
      }),
    ];
    for (const one of await Promise.all(tries)) expect(codeOf(one)).toBe('forbidden');
  });

  it('is never the last admin to go', async () => {
    const by = await rig.member(['account-admin'], { kind: 'user' });
    const url = `/v1/users/${by.principalId}`;
    for (const body of [{ state: 'disabled' }, { roles: ['auditor'] }]) {
      expect(codeOf(await send('PATCH', url, { by, body }))).toBe('state-conflict');
    }
    const { accountId } = by;
    const other = await rig.member(['account-admin'], { kind: 'user', accountId });
    const both = await Promise.all(
      [by, other].map((one) =>
        send('PATCH', `/v1/users/${one.principalId}`, { by: one, body: { roles: ['auditor'] } }),
      ),
    );
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
  });

  it('is never the last to go of those who make accounts', async () => {
    const roles = ['account-admin', 'platform-admin'] as const;
    const by = await rig.member(roles, { kind: 'user' });
    const { accountId } = by;
    await rig.member(['account-admin'], { kind: 'user', accountId });
    const url = `/v1/users/${by.principalId}`;
    for (const body of [{ state: 'disabled' }, { roles: ['account-admin'] }]) {
      expect(codeOf(await send('PATCH', url, { by, body }))).toBe('state-conflict');
    }
    await rig.member(['platform-admin'], { kind: 'user', accountId });
    const changed = await send('PATCH', url, { by, body: { roles: ['account-admin'] } });
    expect(changed.statusCode).toBe(200);
  });

  it('that lost its authenticator is rid of it by an admin', async () => {
    const member = await rig.member(['auditor'], { kind: 'user', accountId: admin.accountId });
    await rig.store.change({ actor: 'registry' }, async ({ db }) => {
      const set = { totp: new Uint8Array(48), totpStep: stepAt(rig.clock.ms) };
      await db.updateTable('principals').set(set).where('id', '=', member.principalId).execute();
    });
    const url = `/v1/users/${member.principalId}`;
    expect((await send('GET', url, { by: admin })).json()).toMatchObject({ hasTotp: true });
    const changed = await send('PATCH', url, { by: admin, body: { hasTotp: false } });
    expect(changed.json()).toMatchObject({ hasTotp: false });
  });

  it('changes its own password with the old one, which ends its tokens', async () => {
    const { user, invitation } = await invite(['auditor']);
    await choose(invitation.token);
    const { accessToken } = (await logIn(user.login)).json<{ accessToken: string }>();
    const headers = { authorization: `Bearer ${accessToken}` };
    const change = (password: string) =>
      rig.app.inject({
        ...{ method: 'POST', url: '/v1/me/password', headers },
        body: { password, newPassword: 'another password' },
      });
    expect((await change('not the old one')).statusCode).toBe(401);
    expect((await change(PASSWORD)).statusCode).toBe(204);
    expect(await stands({ headers })).toBe(false);
    expect((await logIn(user.login, { password: 'another password' })).statusCode).toBe(200);
  });
});

describe('a system account', () => {
  const grant = (clientId: string, clientSecret: string) =>
    send('POST', '/v1/token', {
      body: { grantType: 'client_credentials', clientId, clientSecret },
    });
  interface Credentials {
    readonly clientId: string;
    readonly clientSecret: string;
  }

  it('gets a secret that is shown once, and another that ends the tokens of the first', async () => {
    const body = { name: 'line 1', roles: ['station'] };
    const request = {
      ...{ method: 'POST', url: '/v1/system-accounts', body },
      headers: { ...admin.headers, 'idempotency-key': 'system-account-1' },
    } as const;
    const made = (await rig.app.inject(request)).json<Credentials>();
    expect(codeOf(await rig.app.inject(request))).toBe('already-issued');
    const { accessToken } = (await grant(made.clientId, made.clientSecret)).json<{
      accessToken: string;
    }>();
    const headers = { authorization: `Bearer ${accessToken}` };
    expect(await stands({ headers })).toBe(true);
    const url = `/v1/system-accounts/${made.clientId}/rotate`;
    const next = (await send('POST', url, { by: admin })).json<Credentials>();
    expect(await stands({ headers })).toBe(false);
    expect((await grant(made.clientId, made.clientSecret)).statusCode).toBe(401);
    expect((await grant(next.clientId, next.clientSecret)).statusCode).toBe(200);
  });

  it('is made by a factory engineer for a station, and for nothing more', async () => {
    const by = await rig.member(['factory-engineer'], { kind: 'user' });
    const make = (roles: string[]) =>
      send('POST', '/v1/system-accounts', { by, body: { name: 'line 2', roles } });
    expect((await make(['station'])).statusCode).toBe(201);
    expect(codeOf(await make(['station', 'provisioner']))).toBe('forbidden');
  });

  it('brings in an end-user, who logs in', async () => {
    const by = await rig.member(['account-admin']);
    const { user, invitation } = await invite(['end-user'], by);
    await choose(invitation.token);
    expect((await logIn(user.login)).statusCode).toBe(200);
  });
});

describe('an account', () => {
  it('is made by the platform with an admin, who is invited and manages it', async () => {
    const by = await rig.member(['platform-admin'], { kind: 'user' });
    const login = `person-${people++}`;
    const wanted = { handle: 'delta', name: 'Delta', kind: 'oem', admin: { login, name: 'Di' } };
    const made = await send('POST', '/v1/accounts', { by, body: wanted });
    expect(made.statusCode).toBe(201);
    const { account, invitation } = made.json<{
      account: { id: string };
      invitation: { token: string };
    }>();
    await choose(invitation.token);
    expect((await logIn(login)).json()).toMatchObject({ accountId: account.id });
    const again = await send('POST', '/v1/accounts', { by, body: wanted });
    expect(codeOf(again)).toBe('name-taken');
    expect((await send('POST', '/v1/accounts', { by: admin, body: wanted })).statusCode).toBe(403);
  });

  it('is joined by people only where it allows that, and only as end-users', async () => {
    const by = await rig.member(['account-admin'], { kind: 'user' });
    const { handle } = (await send('GET', '/v1/account', { by })).json<{ handle: string }>();
    const login = `person-${people++}`;
    const join = (account: string) =>
      send('POST', '/v1/registrations', {
        body: { account, login, name: 'Eve', password: PASSWORD },
      });
    const [closed, none] = [await join(handle), await join('no-such-account')];
    const details = [closed, none].map((one) => one.json<{ detail: string }>().detail);
    expect([closed.statusCode, details[0]]).toEqual([404, details[1]]);
    await send('PATCH', '/v1/account', { by, body: { allowsRegistration: true } });
    const joined = (await join(handle)).json<{ id: string }>();
    const seen = await send('GET', `/v1/users/${joined.id}`, { by });
    expect(seen.json()).toMatchObject({ login, roles: ['end-user'], isHome: true });
    expect(codeOf(await join(handle))).toBe('name-taken');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteEntry } from '../../src/service/app.ts';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { findAccount } from '../../src/service/store/accounts.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import { createOperation } from '../../src/service/store/operations.ts';
import { rotateSecret, setPrincipalState } from '../../src/service/store/principals.ts';
import { addStandingApproval } from '../../src/service/store/standing-approvals.ts';
import { requestTransfer } from '../../src/service/store/transfers.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { enterFor, Owner, sealRows } from './sealed-upload.ts';
import type { SealedLot } from './sealed-upload.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let admin: TestMember;
let foreign: TestMember;
let routes: RouteEntry[];

beforeAll(async () => {
  rig = await ServiceRig.start();
  admin = await rig.member(['account-admin'], { kind: 'user' });
  foreign = await rig.member(['account-admin'], { kind: 'user' });
  routes = rig.app.routeEntries.filter(({ url }) => url.startsWith('/v1/'));
});
afterAll(() => rig[Symbol.asyncDispose]());

let keys = 0;
const ask = (
  { method, url }: Pick<RouteEntry, 'method' | 'url'>,
  headers: object,
  more: { readonly id?: string; readonly body?: object; readonly query?: string } = {},
) =>
  rig.app.inject({
    method: method as 'GET',
    url: `${url.replace(/:\w+/g, more.id ?? 'xx')}${more.query ?? ''}`,
    headers: { 'if-match': '"1"', 'idempotency-key': `access-test-${keys++}`, ...headers },
    ...(more.body && { body: more.body }),
  });

const newUser = async (): Promise<string> => {
  const { accountId } = admin;
  return (await rig.member(['auditor'], { kind: 'user', accountId })).principalId;
};
const newMachine = async (): Promise<string> =>
  (await rig.member(['station'], { accountId: admin.accountId })).principalId;

let units = 0;
const newDevice = (accountId = admin.accountId): Promise<string> =>
  rig.store.change(ORIGIN, async (change) => {
    const unit = units++;
    const made = await registerDevice(change, {
      ...{ accountId, serial: `UNIT-${unit}`, lotId: 'kl_lot', lotIndex: unit },
      ...{ provisioningKey: 'kp_one', endpointKey: `ek_unit_${unit}`, scheme: 'psk' },
      provisioning: 'verified',
    });
    if (made.outcome === 'conflict') throw new Error('a conflict');
    return made.device.id;
  });
const handleOf = async (accountId: string): Promise<string> =>
  (await findAccount(rig.store.reader, accountId))?.handle ?? '';
/** One that `admin`'s account gives or gets. */
const newTransfer = async (as: 'source' | 'destination'): Promise<string> => {
  const other = await rig.account();
  const [from, to] = as === 'source' ? [admin.accountId, other] : [other, admin.accountId];
  const ids = [await newDevice(from)];
  const handle = await handleOf(to);
  return await rig.store.change(ORIGIN, async (change) => {
    const { transfer } = await requestTransfer(change, {
      ...{ sourceAccountId: from, to: handle, devices: { ids }, includePlanned: false },
      expiresAt: '2026-04-01T00:00:00.000Z',
    });
    return transfer.id;
  });
};
const newStandingApproval = async (): Promise<string> => {
  const from = await handleOf(await rig.account());
  await rig.store.change(ORIGIN, (c) => addStandingApproval(c, admin.accountId, from));
  return from;
};
const heldDevice = async (): Promise<string> => {
  const id = await newDevice();
  await rig.store.change(ORIGIN, ({ db }) =>
    db.updateTable('devices').set({ enrollment: 'quarantined' }).where('id', '=', id).execute(),
  );
  return id;
};

const lots = new Map<string, SealedLot>();
const newLot = async (): Promise<string> => {
  const made = await (await Owner.create()).lot(10);
  await enterFor(rig.store, admin.accountId, made);
  lots.set(made.lot.lotId, made);
  return made.lot.lotId;
};

/** How an object of `admin`'s account is made, by the path that names it, or a whole one. A route is to be added here. */
const OBJECTS: Readonly<Record<string, () => Promise<string>>> = {
  '/v1/users/:id': newUser,
  '/v1/system-accounts/:id': newMachine,
  '/v1/lots/:id': newLot,
  '/v1/operations/:id': async () => {
    const { accountId } = admin;
    const wanted = { accountId, kind: 'test.access', subject: accountId, total: 1 };
    return (await rig.store.change(ORIGIN, (change) => createOperation(change, wanted))).id;
  },
  '/v1/devices/:id': () => newDevice(),
  '/v1/devices/:id/release': heldDevice,
  '/v1/escrow/:id': () => newDevice(),
  '/v1/transfers/:id': () => newTransfer('source'),
  '/v1/transfers/:id/decision': () => newTransfer('destination'),
  '/v1/standing-approvals/:from': newStandingApproval,
};
/** What a route with an object is sent, where it needs a body. */
const BODIES: Readonly<Record<string, (id: string) => object | Promise<object>>> = {
  'PATCH /v1/users/:id': () => ({ name: 'Ben' }),
  'PATCH /v1/system-accounts/:id': () => ({ name: 'line 2' }),
  'POST /v1/transfers/:id/decision': () => ({ default: 'accept' }),
  'POST /v1/lots/:id/devices': () => ({
    provisioning: 'planned',
    devices: [{ index: 1, serial: 'x', endpointKey: 'ek_1' }],
  }),
  'POST /v1/lots/:id/uploads': async (id) => {
    const lot = lots.get(id);
    const seal = lot && (await sealRows(lot, { from: 0, count: 1 })).seal;
    return { kind: 'planned', seal: seal ?? '' };
  },
};
/** What it is asked, where it needs a query. */
const QUERIES: Readonly<Record<string, string>> = {
  '/v1/lots/:id/devices': '?endpointKeys=ek_1',
};
const makerOf = (url: string): (() => Promise<string>) | undefined =>
  OBJECTS[url] ?? OBJECTS[/^.*?:\w+/.exec(url)?.[0] ?? ''];

describe('every route', () => {
  it('shows and changes an account’s own object, and says of another account’s that there is none', async () => {
    const named = routes.filter(({ url }) => makerOf(url));
    expect(named.length).toBeGreaterThan(5);
    for (const route of named) {
      const id = (await makerOf(route.url)?.()) ?? '';
      const about = { id, body: (await BODIES[`${route.method} ${route.url}`]?.(id)) ?? {} };
      const query = QUERIES[route.url] ?? '';
      const sent = route.method === 'GET' ? { id, query } : about;
      const theirs = await ask(route, foreign.headers, sent);
      const none = await ask(route, foreign.headers, { ...sent, id: `pr_${'0'.repeat(26)}` });
      expect([route, theirs.statusCode, none.statusCode]).toEqual([route, 404, 404]);
      const [one, two] = [theirs, none].map((answer) => answer.json<Record<string, unknown>>());
      expect([one?.['code'], one?.['detail']]).toEqual([two?.['code'], two?.['detail']]);
      const own = await ask(route, admin.headers, sent);
      expect([route, Math.floor(own.statusCode / 100)]).toEqual([route, 2]);
    }
  });

  it('never gives or changes anything under an id that is made up', async () => {
    for (const route of routes.filter(
      ({ url, access }) => url.includes(':') && access !== 'anyone',
    )) {
      const { statusCode } = await ask(route, admin.headers);
      expect([route, statusCode >= 400 && statusCode < 500]).toEqual([route, true]);
    }
  });

  it('tells a device that it is not for devices, unless it is', async () => {
    const { accountId } = admin;
    const token = await rig.store.change(ORIGIN, async (change) => {
      const made = await registerDevice(change, {
        ...{ accountId, serial: 'ACME-1', lotId: 'kl_lot', lotIndex: 1, scheme: 'psk' },
        ...{ provisioningKey: 'kp_one', endpointKey: 'ek_1', provisioning: 'verified' },
      });
      if (made.outcome === 'conflict') throw new Error('a conflict');
      return (await issueToken(change, { accountId, deviceId: made.device.id })).token;
    });
    for (const route of routes.filter(({ access }) => access !== 'anyone')) {
      // A query that no route has is refused where it is looked at, so that none waits for an event.
      const asked = { ...route, url: `${route.url}?made-up=1` };
      const { statusCode } = await ask(asked, { authorization: `Bearer ${token}` });
      expect([route, statusCode === 403]).toEqual([route, route.access !== 'device']);
    }
  });

  it.each(['disabled', 'rotated', 'removed'])('has ended for whoever was %s', async (how) => {
    const member = await rig.member(['account-admin']);
    const { principalId: id, accountId, headers } = member;
    await rig.store.change(ORIGIN, async (change) => {
      if (how === 'disabled') await setPrincipalState(change, { id, accountId }, 'disabled');
      if (how === 'rotated') await rotateSecret(change, { id, accountId }, 'sha256$other');
      if (how === 'removed') {
        await change.db.deleteFrom('memberships').where('principalId', '=', id).execute();
      }
    });
    for (const route of routes.filter(({ access }) => access !== 'anyone')) {
      expect([route, (await ask(route, headers)).statusCode]).toEqual([route, 401]);
    }
  });

  it('is closed to an admin who has no authenticator where the account asks for one, but for its own', async () => {
    const member = await rig.member(['account-admin'], { kind: 'user' });
    await rig.store.change(ORIGIN, async (change) => {
      const { accountId } = member;
      await change.db
        .updateTable('accounts')
        .set({ needsTotp: 1 })
        .where('id', '=', accountId)
        .execute();
    });
    for (const route of routes.filter(({ url }) => url !== '/v1/token')) {
      const { statusCode } = await ask(route, member.headers);
      const isOpen = ['anyone', 'member'].includes(route.access);
      expect([route, statusCode === 403]).toEqual([route, !isOpen]);
    }
  });
});

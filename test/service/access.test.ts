import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { may } from '../../src/model/role.ts';
import type { Permission } from '../../src/model/role.ts';
import type { RouteEntry } from '../../src/service/app.ts';
import { findAccount } from '../../src/service/store/accounts.ts';
import { rotateSecret, setPrincipalState } from '../../src/service/store/principals.ts';
import type { Tables } from '../../src/service/store/tables.ts';
import { AccessObjects } from './access-objects.ts';
import type { AccessObject } from './access-objects.ts';
import { everyPrincipal, giveLot } from './access-principals.ts';
import type { Principal } from './access-principals.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
/** Of the account whose objects are asked for. */
let admin: TestMember;
let objects: AccessObjects;
let principals: readonly Principal[];
let routes: RouteEntry[];

beforeAll(async () => {
  rig = await ServiceRig.start();
  admin = await rig.member(['account-admin'], { kind: 'user' });
  objects = new AccessObjects(rig, admin.accountId);
  routes = rig.app.routeEntries.filter(({ url }) => url.startsWith('/v1/'));
  principals = await everyPrincipal(rig, objects);
});
afterAll(() => rig[Symbol.asyncDispose]());

let keys = 0;
const ask = (
  { method, url }: Pick<RouteEntry, 'method' | 'url'>,
  headers: object,
  { id = 'xx', body, query = '' }: Partial<AccessObject> = {},
) =>
  rig.app.inject({
    method: method as 'GET',
    url: `${url.replace(/:\w+/, id).replace(/:\w+/, '0')}${query}`,
    headers: {
      ...{ 'if-match': '"1"', 'idempotency-key': `access-test-${keys++}`, ...headers },
      ...(Buffer.isBuffer(body) && { 'content-type': 'text/csv' }),
    },
    ...(method !== 'GET' && { body: body ?? {} }),
  });
type Answer = Awaited<ReturnType<typeof ask>>;

/** What is refused before the object is looked for, or undefined. */
function refusal(principal: Principal, { access }: RouteEntry): number | undefined {
  const { is, kind, role } = principal;
  if (is === 'nobody') return 401;
  if (is === 'device' || access === 'device') return is === access ? undefined : 403;
  if (kind === undefined || role === undefined || access === 'member') return undefined;
  return may({ kind, roles: [role] }, access as Permission) ? undefined : 403;
}

/** Whether the principal is to get at an object of `admin`’s account by a route that its role may use. */
function reaches({ isOwn, isElsewhere = false }: Principal, { lotId }: AccessObject): boolean {
  return isOwn && !(isElsewhere && lotId !== undefined);
}

/** All that is told, but for what is of the request: its id, and the object that it named. */
function told({ statusCode, headers, body }: Answer, id: string): unknown {
  const { date, 'x-request-id': requestId, ...rest } = headers;
  expect([typeof date, typeof requestId]).toEqual(['string', 'string']);
  const text = body.replaceAll(id, '(id)').replaceAll(String(requestId), '(request)');
  return { statusCode, headers: rest, text };
}

/** One that nothing has, as long as the other. */
const noneLike = (id: string): string => id.slice(0, 3) + '0'.repeat(id.length - 3);

/** Every row there is. */
async function everything(): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const { name } of await rig.store.reader.introspection.getTables()) {
    const found = await rig.store.reader
      .selectFrom(name as keyof Tables)
      .selectAll()
      .execute();
    rows[name] = found.map((row) => JSON.stringify(row)).sort();
  }
  return rows;
}

const about = ({ method, url }: RouteEntry): string => `${method} ${url}`;
/** The ids of all that an account has. */
async function everyId(accountId: string): Promise<string[]> {
  const db = rig.store.reader;
  const found = new Set([accountId]);
  const tables = ['devices', 'lots', 'uploads', 'operations', 'configTemplates'] as const;
  for (const table of tables) {
    const rows = await db
      .selectFrom(table)
      .select('id')
      .where('accountId', '=', accountId)
      .execute();
    for (const { id } of rows) found.add(id);
  }
  const people = db.selectFrom('principals').select('id').where('homeAccountId', '=', accountId);
  const given = db.selectFrom('transfers').select('id').where('sourceAccountId', '=', accountId);
  for (const { id } of [...(await people.execute()), ...(await given.execute())]) found.add(id);
  return [...found];
}

const named = (): RouteEntry[] =>
  routes.filter(({ url, access }) => url.includes(':') && access !== 'device');
/** What it is to be made from the version that somebody saw, also where there is none. */
const ABSENT: Readonly<Record<string, number>> = { 'PUT /v1/templates/:name': 412 };

describe('every route', () => {
  it('that names an object answers for one that is out of reach as for none, whoever asks, and changes nothing', async () => {
    expect(named().length).toBeGreaterThan(25);
    for (const route of named()) {
      const object = await objects.make(route.method, route.url);
      if (!object) throw new Error(`no object is said for ${about(route)}`);
      const none = { ...object, id: noneLike(object.id) };
      const before = await everything();
      for (const principal of principals) {
        const { name, headers } = principal;
        const refused = refusal(principal, route);
        if (refused === undefined && reaches(principal, object)) continue;
        const theirs = await ask(route, headers, object);
        const absent = ABSENT[about(route)] ?? 404;
        const label = `${about(route)} of ${name}`;
        expect([label, theirs.statusCode]).toEqual([label, refused ?? absent]);
        const nones = await ask(route, headers, none);
        expect([label, told(theirs, object.id)]).toEqual([label, told(nones, none.id)]);
      }
      expect([about(route), await everything()]).toEqual([about(route), before]);
    }
  }, 120_000);

  it('that names an object gives it to every role of its account that may have it', async () => {
    const given: string[] = [];
    for (const route of named()) {
      for (const principal of principals) {
        if (principal.is !== 'member' || refusal(principal, route) !== undefined) continue;
        const object = await objects.make(route.method, route.url);
        if (!object || !reaches(principal, object)) continue;
        const { name, role, principalId = '', headers, isElsewhere } = principal;
        const isNarrow = role === 'station' && !isElsewhere && object.lotId !== undefined;
        if (isNarrow) await giveLot(rig, { accountId: admin.accountId, principalId }, object.lotId);
        const { statusCode } = await ask(route, headers, object);
        const label = `${about(route)} of ${name}`;
        expect([label, Math.floor(statusCode / 100)]).toEqual([label, 2]);
        given.push(name);
      }
    }
    expect(given.filter((name) => name === 'own account-admin (user)')).toHaveLength(
      named().length,
    );
  }, 120_000);

  it('never gives or changes anything under an id that is made up', async () => {
    for (const route of routes.filter(
      ({ url, access }) => url.includes(':') && access !== 'anyone',
    )) {
      const { statusCode } = await ask(route, admin.headers);
      expect([route, statusCode >= 400 && statusCode < 500]).toEqual([route, true]);
    }
  });

  it('lists nothing of another account to anyone, and to its own what is asked for', async () => {
    const of = await objects.make('POST', '/v1/uploads/:id/commit');
    const own = await everyId(admin.accountId);
    expect(own.length).toBeGreaterThan(100);
    expect(own).toContain(of?.id);
    const seen = new Set<string>();
    for (const route of routes.filter(
      ({ method, url }) => method === 'GET' && !url.includes(':'),
    )) {
      for (const { isOwn, is, name, headers } of principals) {
        if (is === 'device' && route.access === 'device') continue; // it waits
        const { statusCode, body } = await ask(route, headers);
        const found = own.filter((id) => body.includes(id));
        const label = `${about(route)} of ${name}`;
        if (!isOwn) expect([label, found]).toEqual([label, []]);
        if (isOwn && statusCode === 200) for (const id of found) seen.add(id.slice(0, 3));
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['ac_', 'pr_', 'kl_', 'op_', 'dv_', 'tr_']));
  });

  it('finds for nobody what a body or a query names of another account', async () => {
    const other = await rig.member(['account-admin'], { kind: 'user' });
    const { accountId } = other;
    const own = new AccessObjects(rig, accountId);
    const to = (await findAccount(rig.store.reader, admin.accountId))?.handle ?? '';
    const { id: machine } = await rig
      .member(['station'], { accountId })
      .then(({ principalId }) => ({
        id: principalId,
      }));
    const decided = await own.make('POST', '/v1/transfers/:id/decision');
    const withdrawn = await own.make('POST', '/v1/transfers/:id/withdrawal');
    const { id, serial, endpointKey, lotId } = await objects.device();
    const offer = (devices: object): object => ({ to, devices });
    const cases: readonly (readonly [string, named: string, Partial<AccessObject>])[] = [
      ['POST /v1/transfers', id, { body: offer({ ids: [id] }) }],
      ['POST /v1/transfers', serial, { body: offer({ serials: [serial] }) }],
      ['POST /v1/transfers', endpointKey, { body: offer({ endpointKeys: [endpointKey] }) }],
      ['POST /v1/transfers', lotId, { body: offer({ lotId }) }],
      ['POST /v1/transfers', lotId, { body: offer({ query: { lotId } }) }],
      [
        'POST /v1/transfers/:id/decision',
        id,
        { id: decided?.id ?? '', body: { items: [{ deviceId: id, decision: 'accept' }] } },
      ],
      [
        'POST /v1/transfers/:id/withdrawal',
        id,
        { id: withdrawn?.id ?? '', body: { devices: [id] } },
      ],
      [
        'POST /v1/system-accounts',
        lotId,
        { body: { name: 'line', roles: ['station'], lots: [lotId] } },
      ],
      ['PATCH /v1/system-accounts/:id', lotId, { id: machine, body: { lots: [lotId] } }],
    ];
    const before = await everything();
    for (const [route, name, sent] of cases) {
      const [method = '', url = ''] = route.split(' ');
      const none = noneLike(name);
      const others = JSON.parse(JSON.stringify(sent).replaceAll(name, none)) as typeof sent;
      const theirs = await ask({ method, url }, other.headers, sent);
      const nones = await ask({ method, url }, other.headers, others);
      expect([route, theirs.statusCode]).toEqual([route, 404]);
      expect([route, told(theirs, name)]).toEqual([route, told(nones, none)]);
    }
    expect(await everything()).toEqual(before);
    for (const query of [`?lotId=${lotId}`, `?serialPrefix=${serial}`]) {
      const { statusCode, body } = await ask({ method: 'GET', url: '/v1/devices' }, other.headers, {
        query,
      });
      expect([query, statusCode, JSON.parse(body)]).toEqual([query, 200, { items: [] }]);
    }
  });

  it('tells a device that it is not for devices, unless it is', async () => {
    for (const { headers } of principals.filter(({ is }) => is === 'device')) {
      for (const route of routes.filter(({ access }) => access !== 'anyone')) {
        // A query that no route has is refused where it is looked at, so that none waits for an event.
        const asked = { ...route, url: `${route.url}?made-up=1` };
        const { statusCode } = await ask(asked, headers);
        expect([route, statusCode === 403]).toEqual([route, route.access !== 'device']);
      }
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

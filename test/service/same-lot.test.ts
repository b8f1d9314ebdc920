import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findAccount } from '../../src/service/store/accounts.ts';
import { findByEndpointKey } from '../../src/service/store/devices.ts';
import { holdKey } from '../../src/service/store/keys.ts';
import { setRoles } from '../../src/service/store/members.ts';
import { takeOperation } from '../../src/service/store/operations.ts';
import { COMMIT_KIND } from '../../src/service/store/uploads.ts';
import { commitUpload } from '../../src/service/uploads/commit-upload.ts';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { endpointKey, Owner, sealRows } from './sealed-upload.ts';
import type { SealedLot, SealedRows } from './sealed-upload.ts';

const ORIGIN = { actor: 'registry' } as const;

/** An account with a key of its own and a lot of it, whose id the other one’s lot has too. */
interface Maker extends TestMember {
  readonly sealed: SealedLot;
  readonly rows: SealedRows;
}
let rig: ServiceRig;
let first: Maker;
let second: Maker;
let lotId: string;

beforeAll(async () => {
  rig = await ServiceRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());
beforeEach(async () => {
  const own = await (await Owner.create()).lot(20);
  ({ lotId } = own.lot);
  first = await maker(own);
  second = await maker(await (await Owner.create()).lot(30, 'OTHER', own.lot.lotId));
});

async function maker(sealed: SealedLot): Promise<Maker> {
  const member = await rig.member(['account-admin'], { kind: 'user' });
  const { provisioningKey: id, sealKey, manufacturer } = sealed.owner;
  await rig.store.change(ORIGIN, (change) =>
    holdKey(change, {
      ...{ accountId: member.accountId, id, isTest: false },
      ...{ sealKey: spkiOf(sealKey), manufacturerKey: spkiOf(manufacturer) },
    }),
  );
  // Credentials that are told apart: the same index is another unit.
  const salted = (row: string, index: number): string =>
    row.replace(endpointKey(index, lotId), endpointKey(index, id));
  const seal = { kind: 'as-built' } as const;
  const rows = await sealRows(sealed, { from: 0, count: 10 }, { change: salted, seal });
  return { ...member, sealed, rows };
}

const keyOf = ({ sealed }: Maker, index: number): string =>
  endpointKey(index, sealed.lot.provisioningKey);
const serialOf = ({ sealed }: Maker, index: number): string =>
  sealed.lot.serialTemplate.replace('{n:8}', String(index + 1).padStart(8, '0'));
const post = (as: Pick<TestMember, 'headers'>, url: string, body?: object) =>
  rig.app.inject({
    ...{ method: 'POST', url, ...(body && { body }) },
    headers: { ...as.headers, 'idempotency-key': randomUUID() },
  });
const read = async <Body>({ headers }: Pick<TestMember, 'headers'>, url: string): Promise<Body> =>
  (await rig.app.inject({ url, headers })).json<Body>();
const codeOf = (response: { readonly statusCode: number; json(): unknown }): unknown[] => [
  response.statusCode,
  (response.json() as { code?: unknown }).code,
];

const enter = (of: Maker) => post(of, '/v1/lots', { descriptor: of.sealed.descriptor });
const begin = (as: Pick<TestMember, 'headers'>, { rows }: Maker) =>
  post(as, `/v1/lots/${lotId}/uploads`, { kind: 'as-built', seal: rows.seal });

/** Enters the lot and registers its devices; resolves to the upload’s id. */
async function register(of: Maker): Promise<string> {
  expect((await enter(of)).statusCode).toBe(201);
  const { id } = (await begin(of, of)).json<{ id: string }>();
  const headers = { ...of.headers, 'content-type': 'text/csv' };
  const [body] = of.rows.chunks as [Buffer];
  await rig.app.inject({ method: 'PUT', url: `/v1/uploads/${id}/parts/0`, headers, body });
  const { id: operation } = (await post(of, `/v1/uploads/${id}/commit`)).json<{ id: string }>();
  const taken = await rig.store.change(ORIGIN, (change) => takeOperation(change, COMMIT_KIND));
  if (!taken) throw new Error('there is no commit');
  await commitUpload(rig.store, taken);
  const ended = await read<object>(of, `/v1/operations/${operation}`);
  expect(ended).toMatchObject({ state: 'succeeded', result: { created: 10, conflict: 0 } });
  return id;
}

const serialsOf = (of: Maker): string[] => Array.from({ length: 10 }, (_, n) => serialOf(of, n));
interface DevicePage {
  readonly items: readonly { readonly serial: string; readonly provisioningKey: string }[];
  readonly next?: string;
}
/** Serials of what is seen of the lot, page after page. */
async function seenBy(as: Pick<TestMember, 'headers'>, more = ''): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = ''; ;) {
    const url = `/v1/devices?lotId=${lotId}${more}${cursor}`;
    const { items, next } = await read<DevicePage>(as, url);
    found.push(...items.map(({ serial }) => serial));
    if (next === undefined) return found;
    cursor = `&cursor=${next}`;
  }
}

describe('a lot whose id another account’s lot has', () => {
  it('is entered all the same, and each account sees its own', async () => {
    for (const one of [second, first]) {
      expect((await enter(one)).statusCode).toBe(201);
      expect((await enter(one)).statusCode).toBe(200);
    }
    for (const { headers, sealed } of [first, second]) {
      const { provisioningKey, size: units } = sealed.lot;
      const { items } = await read<{ items: object[] }>({ headers }, '/v1/lots');
      expect(items).toMatchObject([{ id: lotId, provisioningKey, units }]);
    }
    const { descriptor } = await second.sealed.owner.lot(31, 'OTHER', first.sealed.lot.lotId);
    expect(codeOf(await post(second, '/v1/lots', { descriptor }))).toEqual([409, 'state-conflict']);
  });

  it('takes no seal of that account’s key, and nothing is registered', async () => {
    // A public manifest is public: who has it can send it to a lot of their own.
    await enter(second);
    expect(codeOf(await begin(second, first))).toEqual([422, 'signature-invalid']);
    expect(await findByEndpointKey(rig.store.reader, keyOf(first, 0))).toEqual([]);
    await register(first);
    expect(codeOf(await begin(second, first))).toEqual([422, 'signature-invalid']);
  });

  it('has devices of its own, in lists, look-ups, counts and offers', async () => {
    const uploads = [await register(first), await register(second)];
    for (const [n, one] of [first, second].entries()) {
      const other = n === 0 ? second : first;
      expect(await seenBy(one)).toEqual(serialsOf(one));
      expect(await read(one, '/v1/escrow/counts')).toMatchObject({ waiting: 10 });
      const keys = [keyOf(one, 3), keyOf(other, 3)].join(',');
      const url = `/v1/lots/${lotId}/devices?endpointKeys=${keys}`;
      const { devices } = await read<{ devices: { serial: string }[] }>(one, url);
      expect(devices.map(({ serial }) => serial)).toEqual([serialOf(one, 3)]);
      const theirs = await read<{ code: string }>(one, `/v1/uploads/${uploads[1 - n] ?? ''}`);
      expect(theirs.code).toBe('object-unknown');
      const offered = await post(one, '/v1/transfers', {
        to: await newHandle(),
        devices: { lotId },
      });
      expect(offered.json()).toMatchObject({ items: 10 });
    }
    const row = { index: 12, serial: serialOf(first, 12), endpointKey: keyOf(first, 12) };
    const body = { provisioning: 'planned', devices: [row] };
    const wrong = await post(second, `/v1/lots/${lotId}/devices`, body);
    expect(wrong.json()).toMatchObject({ outcomes: [{ outcome: 'invalid' }] });
    const right = await post(first, `/v1/lots/${lotId}/devices`, body);
    expect(right.json()).toMatchObject({ outcomes: [{ outcome: 'created' }] });
  });

  it('is given to a station by its own account alone', async () => {
    await register(first);
    await register(second);
    // A person may be a station of both.
    const station = await rig.member(['station'], { accountId: first.accountId, kind: 'user' });
    const { principalId } = station;
    const there = await rig.store.change(ORIGIN, async (change) => {
      const { accountId } = second;
      await setRoles(change, { accountId, principalId }, ['station']);
      const { token } = await issueToken(change, { accountId, principalId, secretVersion: 1 });
      return { headers: { authorization: `Bearer ${token}` } };
    });
    const give = (by: Maker, lots: readonly string[], etag: string) =>
      rig.app.inject({
        ...{ method: 'PATCH', url: `/v1/users/${principalId}`, body: { lots } },
        headers: { ...by.headers, 'if-match': etag },
      });
    const sees = async (): Promise<unknown[]> => {
      const [here, far] = [station, there].map(async (as) => {
        const lots = (await read<{ items: unknown[] }>(as, '/v1/lots')).items.length;
        return [lots, (await seenBy(as)).length];
      });
      return [await here, await far];
    };
    expect((await give(first, [lotId], '"1"')).statusCode).toBe(200);
    expect(await sees()).toEqual([
      [1, 10],
      [0, 0],
    ]);
    expect(codeOf(await begin(there, second))).toEqual([404, 'object-unknown']);
    expect((await give(second, [lotId], '"2"')).statusCode).toBe(200);
    expect((await begin(there, second)).statusCode).toBe(200);
    expect((await give(first, [], '"3"')).statusCode).toBe(200);
    expect(await sees()).toEqual([
      [0, 0],
      [1, 10],
    ]);
  });

  it('comes to one account with it, which sees and hands on every device of both', async () => {
    await register(first);
    await register(second);
    const customer = await rig.member(['account-admin'], { kind: 'user' });
    const to = await handleOf(customer.accountId);
    for (const one of [first, second]) {
      await post(customer, '/v1/standing-approvals', { from: await handleOf(one.accountId) });
      const given = await post(one, '/v1/transfers', { to, devices: { lotId } });
      expect(given.json()).toMatchObject({ state: 'completed', counts: { accepted: 10 } });
    }
    const both = [...serialsOf(first), ...serialsOf(second)].sort();
    for (const limit of [1, 3, 7]) {
      const paged = await seenBy(customer, `&limit=${limit}`);
      expect([...paged].sort()).toEqual(both);
    }
    const some = await seenBy(customer, '&first=2&last=3&limit=1');
    expect(some).toHaveLength(4);
    for (const [devices, items] of [
      [{ lotId, first: 2, last: 3 }, 4],
      [{ lotId }, 16],
    ] as const) {
      const on = { to: await newHandle(), devices };
      expect((await post(customer, '/v1/transfers', on)).json()).toMatchObject({ items });
    }
  });
});

const handleOf = async (accountId: string): Promise<string> =>
  (await findAccount(rig.store.reader, accountId))?.handle ?? '';
const newHandle = async (): Promise<string> => await handleOf(await rig.account());

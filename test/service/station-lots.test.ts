import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { enterFor, Owner } from './sealed-upload.ts';

let rig: ServiceRig;
let engineer: TestMember;
let station: TestMember;
let lots: readonly [string, string];

beforeAll(async () => {
  rig = await ServiceRig.start();
  engineer = await rig.member(['factory-engineer'], { kind: 'user' });
  const { accountId } = engineer;
  station = await rig.member(['station'], { accountId });
  const owner = await Owner.create();
  const ids: string[] = [];
  for (const serial of ['S-0', 'S-1']) {
    const made = await owner.lot(10);
    await enterFor(rig.store, accountId, made);
    const { lotId, provisioningKey } = made.lot;
    await rig.store.change({ actor: 'registry' }, (change) =>
      registerDevice(change, {
        ...{ accountId, serial, lotId, lotIndex: 0, provisioningKey, scheme: 'psk' },
        ...{ endpointKey: keyOf(ids.length), provisioning: 'verified' },
      }),
    );
    ids.push(lotId);
  }
  lots = [ids[0] ?? '', ids[1] ?? ''];
});
afterAll(() => rig[Symbol.asyncDispose]());

const keyOf = (n: number): string => endpointKeyOf(new Uint8Array(16).fill(n + 1));
const give = (given: readonly string[], etag: string, id = station.principalId) =>
  rig.app.inject({
    ...{ method: 'PATCH', url: `/v1/system-accounts/${id}`, body: { lots: given } },
    headers: { ...engineer.headers, 'if-match': etag },
  });
const read = (url: string, accept = 'application/json') =>
  rig.app.inject({ url, headers: { ...station.headers, accept } });
const codeOf = (answer: { json(): unknown }): unknown => (answer.json() as { code?: unknown }).code;

it('gives a station lots of the account, and shows them, and the station sees their devices alone', async () => {
  const [mine, other] = lots;
  const before = await give([other], '"1"');
  expect([before.statusCode, before.headers.etag]).toEqual([200, '"2"']);
  expect(codeOf(await give([mine], '"1"'))).toBe('precondition-failed');
  const after = await give([mine], '"2"');
  expect(after.json()).toMatchObject({ lots: [mine] });
  expect(codeOf(await give([mine, 'kl_none'], '"3"'))).toBe('object-unknown');

  const { items } = (await read('/v1/devices')).json<{ items: { id: string; serial: string }[] }>();
  expect(items.map(({ serial }) => serial)).toEqual(['S-0']);
  const ofOther = await read(`/v1/devices?lotId=${other}`);
  expect(ofOther.json()).toMatchObject({ items: [] });
  for (const type of ['text/csv', 'application/x-ndjson']) {
    const { body } = await read('/v1/devices', type);
    expect([body.includes('S-0'), body.includes('S-1')]).toEqual([true, false]);
  }
  const all = await rig.store.reader.selectFrom('devices').select(['id', 'serial']).execute();
  const id = (serial: string) => all.find((one) => one.serial === serial)?.id ?? '';
  for (const [n, status] of [200, 404].entries()) {
    for (const name of [id(`S-${n}`), `S-${n}`, keyOf(n)]) {
      expect((await read(`/v1/devices/${name}`)).statusCode).toBe(status);
    }
  }
});

it('gives lots to stations only, a new one too, and takes them with the role', async () => {
  const { accountId } = engineer;
  const admin = await rig.member(['account-admin'], { kind: 'user', accountId });
  const create = (roles: readonly string[]) =>
    rig.app.inject({
      ...{ method: 'POST', url: '/v1/system-accounts' },
      body: { name: 'line 2', roles, lots: [lots[1]] },
      headers: { ...admin.headers, 'idempotency-key': randomUUID() },
    });
  expect(codeOf(await create(['broker']))).toBe('state-conflict');
  const { clientId } = (await create(['station'])).json<{ clientId: string }>();
  const url = `/v1/system-accounts/${clientId}`;
  const shown = await rig.app.inject({ url, headers: admin.headers });
  expect(shown.json()).toMatchObject({ lots: [lots[1]] });
  await rig.app.inject({
    ...{ method: 'PATCH', url, body: { roles: ['broker'] } },
    headers: { ...admin.headers, 'if-match': '"1"' },
  });
  const left = await rig.store.reader
    .selectFrom('stationLots')
    .selectAll()
    .where('principalId', '=', clientId)
    .execute();
  expect(left).toEqual([]);
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unitSerial } from '../../src/model/serial-template.ts';
import { takeOperation } from '../../src/service/store/operations.ts';
import { COMMIT_KIND } from '../../src/service/store/uploads.ts';
import { commitUpload } from '../../src/service/uploads/commit-upload.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { endpointKey, enterFor, Owner, sealRows } from './sealed-upload.ts';
import type { SealedLot } from './sealed-upload.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let engineer: TestMember;
let station: TestMember;
let owner: Owner;

beforeAll(async () => {
  rig = await ServiceRig.start();
  engineer = await rig.member(['factory-engineer']);
  station = await rig.member(['station'], { accountId: engineer.accountId });
  owner = await Owner.create();
});
afterAll(() => rig[Symbol.asyncDispose]());

/** A lot of the account; the station was given it unless said otherwise. */
async function newLot(isGiven = true): Promise<SealedLot> {
  const made = await owner.lot(1_000);
  await enterFor(rig.store, engineer.accountId, made);
  if (!isGiven) return made;
  const { lotId } = made.lot;
  const { accountId, principalId } = station;
  await rig.store.change(ORIGIN, async (change) => {
    await change.db.insertInto('stationLots').values({ principalId, accountId, lotId }).execute();
  });
  return made;
}

const row = ({ lot }: SealedLot, index: number, more: object = {}): Record<string, unknown> => ({
  ...{ index, serial: unitSerial(lot, index), endpointKey: endpointKey(index, lot.lotId) },
  ...more,
});
const send = (
  { lot }: SealedLot,
  devices: readonly object[],
  { by = station, provisioning = 'verified' } = {},
) =>
  rig.app.inject({
    ...{ method: 'POST', url: `/v1/lots/${lot.lotId}/devices` },
    body: { provisioning, devices },
    headers: { ...by.headers, 'idempotency-key': randomUUID() },
  });
const outcomesOf = (answer: { json(): unknown }): unknown =>
  (answer.json() as { outcomes?: unknown }).outcomes;
const codeOf = (answer: { json(): unknown }): unknown => (answer.json() as { code?: unknown }).code;
const find = async (lot: SealedLot, indexes: readonly number[]): Promise<unknown> => {
  const keys = indexes.map((index) => endpointKey(index, lot.lot.lotId)).join();
  const url = `/v1/lots/${lot.lot.lotId}/devices?endpointKeys=${keys}`;
  const answer = await rig.app.inject({ url, headers: station.headers });
  return answer.json<{ devices: unknown }>().devices;
};

describe('devices that a station registers as it goes', () => {
  it('are created once, and unchanged each time after that', async () => {
    const lot = await newLot();
    const first = await send(lot, [row(lot, 1), row(lot, 2)]);
    expect(outcomesOf(first)).toEqual([{ outcome: 'created' }, { outcome: 'created' }]);
    const again = await send(lot, [row(lot, 2), row(lot, 3)]);
    expect(outcomesOf(again)).toEqual([{ outcome: 'unchanged' }, { outcome: 'created' }]);
  });

  it('conflict with another device, and only those rows do', async () => {
    const lot = await newLot();
    await send(lot, [row(lot, 1, { hardwareId: '94b97e000001' })]);
    const other = await send(lot, [
      row(lot, 1, { hardwareId: '94b97e000002' }),
      row(lot, 2, { endpointKey: endpointKey(1, lot.lot.lotId) }),
      row(lot, 3),
    ]);
    expect(outcomesOf(other)).toEqual([
      ...[{ outcome: 'conflict' }, { outcome: 'conflict' }, { outcome: 'created' }],
    ]);
  });

  it.each([
    [{ index: 1_000 }, 'index-outside'],
    [{ serial: 'ACME-1' }, 'serial-wrong'],
    [{ endpointKey: 'ek_1' }, 'endpoint-key-wrong'],
    [{ model: 'other' }, 'value-wrong'],
  ])('are invalid with %j', async (change, reason) => {
    const lot = await newLot();
    const answer = await send(lot, [row(lot, 7, change), row(lot, 8)]);
    expect(outcomesOf(answer)).toEqual([{ outcome: 'invalid', reason }, { outcome: 'created' }]);
  });

  it('are found by their endpoint keys, and no others', async () => {
    const lot = await newLot();
    await send(lot, [row(lot, 1), row(lot, 2)]);
    expect(await find(lot, [2, 3])).toEqual([
      expect.objectContaining({ serial: unitSerial(lot.lot, 2), provisioning: 'verified' }),
    ]);
    expect(await find(await newLot(), [2])).toEqual([]);
  });

  it('are verified where they were planned before', async () => {
    const lot = await newLot();
    await send(lot, [row(lot, 1)], { by: engineer, provisioning: 'planned' });
    expect(await find(lot, [1])).toMatchObject([{ provisioning: 'planned' }]);
    expect(outcomesOf(await send(lot, [row(lot, 1)]))).toEqual([{ outcome: 'unchanged' }]);
    expect(await find(lot, [1])).toMatchObject([{ provisioning: 'verified' }]);
  });

  it('are unchanged for an as-built manifest that comes later, and a contradiction there is a conflict', async () => {
    const lot = await newLot();
    await send(
      lot,
      [0, 1, 2].map((index) => row(lot, index)),
    );
    await send(lot, [row(lot, 3, { endpointKey: endpointKey(3, 'other') })]);
    const rows = await sealRows(lot, { from: 0, count: 5 }, { seal: { kind: 'as-built' } });
    const headers = () => ({ ...engineer.headers, 'idempotency-key': randomUUID() });
    const post = (url: string, body?: object) =>
      rig.app.inject({ method: 'POST', url, headers: headers(), ...(body && { body }) });
    const url = `/v1/lots/${lot.lot.lotId}/uploads`;
    const { id } = (await post(url, { kind: 'as-built', seal: rows.seal })).json<{ id: string }>();
    await rig.app.inject({
      ...{ method: 'PUT', url: `/v1/uploads/${id}/parts/0`, body: rows.chunks[0] ?? '' },
      headers: { ...engineer.headers, 'content-type': 'text/csv' },
    });
    await post(`/v1/uploads/${id}/commit`);
    const operation = await rig.store.change(ORIGIN, (c) => takeOperation(c, COMMIT_KIND));
    if (operation) await commitUpload(rig.store, operation);
    const ended = await rig.app.inject({
      ...{ url: `/v1/operations/${operation?.id ?? ''}`, headers: engineer.headers },
    });
    const result = { created: 1, unchanged: 3, conflict: 1, invalid: 0 };
    expect(ended.json()).toMatchObject({ state: 'succeeded', result });
  });

  it('are those of its own lots alone', async () => {
    const foreign = await newLot(false);
    const url = `/v1/lots/${foreign.lot.lotId}/devices?endpointKeys=${endpointKey(1)}`;
    const asked = await rig.app.inject({ url, headers: station.headers });
    for (const answer of [await send(foreign, [row(foreign, 1)]), asked]) {
      expect([answer.statusCode, codeOf(answer)]).toEqual([404, 'object-unknown']);
    }
    const answer = await send(foreign, [row(foreign, 1)], { by: engineer });
    expect(outcomesOf(answer)).toEqual([{ outcome: 'created' }]);
  });

  it('are a hundred at once at most, and no field more than there is', async () => {
    const lot = await newLot();
    const many = Array.from({ length: 101 }, (_, index) => row(lot, index));
    for (const devices of [many, [], [row(lot, 1, { endpointSecret: 'x' })]]) {
      expect(codeOf(await send(lot, devices))).toBe('request-invalid');
    }
    expect(await find(lot, [0, 1])).toEqual([]);
  });
});

import { gzipSync } from 'node:zlib';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findByEndpointKey } from '../../src/service/store/devices.ts';
import { takeOperation } from '../../src/service/store/operations.ts';
import { COMMIT_KIND } from '../../src/service/store/uploads.ts';
import { commitUpload, failCommit } from '../../src/service/uploads/commit-upload.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { endpointKey, Owner, sealRows } from './sealed-upload.ts';
import type { SealedLot, SealedRows } from './sealed-upload.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let engineer: TestMember;
let owner: Owner;

beforeAll(async () => {
  rig = await ServiceRig.start();
  engineer = await rig.member(['factory-engineer']);
  owner = await Owner.create();
  expect((await addKey(engineer, owner)).statusCode).toBe(201);
});
afterAll(() => rig[Symbol.asyncDispose]());

const post = (member: TestMember, url: string, body?: object) =>
  rig.app.inject({
    ...{ method: 'POST', url, ...(body && { body }) },
    headers: { ...member.headers, 'idempotency-key': randomUUID() },
  });
const put = (member: TestMember, url: string, body: Buffer, headers: Record<string, string> = {}) =>
  rig.app.inject({
    ...{ method: 'PUT', url, body },
    headers: { ...member.headers, 'content-type': 'text/csv', ...headers },
  });
const codeOf = (response: { json(): unknown }): unknown =>
  (response.json() as { code?: unknown }).code;

interface NonceView {
  readonly nonce: string;
  readonly registry: string;
  readonly account: string;
}

async function proofFor(
  member: TestMember,
  by: Owner,
  change: Partial<Parameters<Owner['prove']>[0]> = {},
): Promise<string> {
  const given = await post(member, '/v1/provisioning-keys/nonce');
  const { nonce, registry, account } = given.json<NonceView>();
  return await by.prove({
    ...{ nonce, registry, account, expiresAt: '2026-03-01T08:05:00Z' },
    ...change,
  });
}

async function addKey(member: TestMember, by: Owner) {
  return post(member, '/v1/provisioning-keys', { proof: await proofFor(member, by) });
}

async function begin(
  lot: SealedLot,
  rows: SealedRows,
  kind: 'planned' | 'as-built' = 'planned',
): Promise<string> {
  await post(engineer, '/v1/lots', { descriptor: lot.descriptor });
  const url = `/v1/lots/${lot.lot.lotId}/uploads`;
  const begun = await post(engineer, url, { kind, seal: rows.seal });
  return begun.json<{ id: string }>().id;
}

async function commit(id: string): Promise<unknown> {
  const accepted = await post(engineer, `/v1/uploads/${id}/commit`);
  expect(accepted.statusCode).toBe(202);
  const operation = await rig.store.change(ORIGIN, (c) => takeOperation(c, COMMIT_KIND));
  if (operation) await commitUpload(rig.store, operation);
  const { headers } = engineer;
  const url = accepted.headers.location ?? '';
  const ended = await rig.app.inject({ url, headers });
  return ended.json<{ state: string; result: unknown }>();
}

async function register(
  lot: SealedLot,
  rows: SealedRows,
  kind: 'planned' | 'as-built' = 'planned',
): Promise<{ id: string; ended: unknown }> {
  const id = await begin(lot, rows, kind);
  for (const [n, chunk] of rows.chunks.entries()) {
    expect((await put(engineer, `/v1/uploads/${id}/parts/${n}`, chunk)).statusCode).toBe(200);
  }
  return { id, ended: await commit(id) };
}

/** An upload whose commit was told to end after its first step. */
async function cutShort(lot: SealedLot, rows: SealedRows): Promise<string> {
  const id = await begin(lot, rows);
  for (const [n, chunk] of rows.chunks.entries()) {
    await put(engineer, `/v1/uploads/${id}/parts/${n}`, chunk);
  }
  await post(engineer, `/v1/uploads/${id}/commit`);
  const taken = await rig.store.change(ORIGIN, (c) => takeOperation(c, COMMIT_KIND));
  if (!taken) throw new Error('no operation');
  const stop = new AbortController();
  const onStep = (): void => {
    stop.abort();
  };
  await commitUpload(rig.store, taken, { signal: stop.signal, onStep });
  return id;
}

describe('a provisioning key', () => {
  it('stays with its account when it is proved again', async () => {
    const again = await addKey(engineer, owner);
    expect(again.json()).toMatchObject({ id: owner.provisioningKey });
    expect(again.statusCode).toBe(201);
  });

  it('is taken for another account, which learns nothing of whose it is', async () => {
    const stranger = await rig.member(['factory-engineer']);
    const refused = await addKey(stranger, owner);
    expect([refused.statusCode, codeOf(refused)]).toEqual([409, 'key-taken']);
    expect(refused.body).not.toContain(engineer.accountId);
  });

  it.each([
    ['another registry', { registry: 'https://elsewhere.test' }, 'proof-refused'],
    ['another account', { account: 'acme-77' }, 'proof-refused'],
    ['a nonce that was never given', { nonce: 'A'.repeat(32) }, 'proof-refused'],
    ['a time that is over', { expiresAt: '2026-03-01T08:00:00Z' }, 'proof-refused'],
    ['a test key', { test: true as const }, 'test-key-refused'],
  ])('is not added by a proof for %s', async (_, change, code) => {
    const other = await Owner.create();
    const proof = await proofFor(engineer, other, change);
    const refused = await post(engineer, '/v1/provisioning-keys', { proof });
    expect([refused.statusCode, codeOf(refused)]).toEqual([422, code]);
    const held = rig.store.reader.selectFrom('provisioningKeys').select('id');
    const ids = (await held.execute()).map(({ id }) => id);
    expect(ids).not.toContain(other.provisioningKey);
  });

  it('is not added twice by one proof, nor after its nonce has ended', async () => {
    const other = await Owner.create();
    const proof = await proofFor(engineer, other);
    expect((await post(engineer, '/v1/provisioning-keys', { proof })).statusCode).toBe(201);
    expect(codeOf(await post(engineer, '/v1/provisioning-keys', { proof }))).toBe('proof-refused');
    const late = await proofFor(engineer, other, { expiresAt: '2026-03-01T09:00:00Z' });
    rig.clock.ms += 600_000;
    const ended = await post(engineer, '/v1/provisioning-keys', { proof: late });
    rig.clock.ms -= 600_000;
    expect(codeOf(ended)).toBe('proof-refused');
  });
});

describe('a lot', () => {
  it('of a key that the account does not hold is not there', async () => {
    const { descriptor } = await (await Owner.create()).lot(10);
    const refused = await post(engineer, '/v1/lots', { descriptor });
    expect([refused.statusCode, codeOf(refused)]).toEqual([404, 'object-unknown']);
  });

  it('is entered once, and its descriptor does not change', async () => {
    const { descriptor } = await owner.lot(10);
    expect((await post(engineer, '/v1/lots', { descriptor })).statusCode).toBe(201);
    expect((await post(engineer, '/v1/lots', { descriptor })).statusCode).toBe(200);
  });

  it('takes uploads of a station that was given it, and of no other station', async () => {
    const lot = await owner.lot(10);
    await post(engineer, '/v1/lots', { descriptor: lot.descriptor });
    const { accountId } = engineer;
    const station = await rig.member(['station'], { accountId });
    const { seal } = await sealRows(lot, { from: 0, count: 10 });
    const url = `/v1/lots/${lot.lot.lotId}/uploads`;
    const body = { kind: 'planned', seal };
    expect((await post(station, url, body)).statusCode).toBe(404);
    const { principalId } = station;
    await rig.store.change(ORIGIN, (c) =>
      c.db
        .insertInto('stationLots')
        .values({ principalId, accountId, lotId: lot.lot.lotId })
        .execute(),
    );
    expect((await post(station, url, body)).statusCode).toBe(201);
  });
});

describe('an upload', () => {
  it('makes devices of all its rows at once, one event a part, in any order of the parts', async () => {
    const lot = await owner.lot(65_546);
    const rows = await sealRows(lot, { from: 0, count: 65_546 });
    const id = await begin(lot, rows);
    const before = await countEvents('upload.part-applied');
    expect(codeOf(await post(engineer, `/v1/uploads/${id}/commit`))).toBe('upload-incomplete');
    const [first, second] = rows.chunks as [Buffer, Buffer];
    const gzip = { 'content-encoding': 'gzip' };
    await put(engineer, `/v1/uploads/${id}/parts/1`, gzipSync(second), gzip);
    const { headers } = engineer;
    const view = await rig.app.inject({ url: `/v1/uploads/${id}`, headers });
    expect(view.json()).toMatchObject({ parts: 2, received: 1, missing: [0] });
    await put(engineer, `/v1/uploads/${id}/parts/0`, first);
    expect(await commit(id)).toMatchObject({
      state: 'succeeded',
      result: { created: 65_546, unchanged: 0, conflict: 0, invalid: 0 },
    });
    expect(await countEvents('upload.part-applied')).toBe(before + 2);
    const [found] = await findByEndpointKey(rig.store.reader, endpointKey(65_545, lot.lot.lotId));
    expect(found?.device).toMatchObject({
      ...{ lotIndex: 65_545, provisioning: 'planned', uploadId: null },
    });
  }, 120_000);

  it('cut short before its end shows nothing, and goes on to the same end', async () => {
    const lot = await owner.lot(20);
    const rows = await sealRows(lot, { from: 0, count: 20 });
    const id = await cutShort(lot, rows);
    const key = endpointKey(0, lot.lot.lotId);
    expect(await findByEndpointKey(rig.store.reader, key)).toEqual([]);
    // What was applied is applied again, as after a crash before its end was noted.
    await rig.store.change(ORIGIN, (c) =>
      c.db
        .updateTable('uploadParts')
        .set({ appliedAt: null, outcomes: null, content: rows.chunks[0] ?? null })
        .where('uploadId', '=', id)
        .where('n', '=', 0)
        .execute(),
    );
    expect(await commit(id)).toMatchObject({ result: { created: 20, unchanged: 0 } });
    expect(await findByEndpointKey(rig.store.reader, key)).toHaveLength(1);
  });

  it('that failed loses no rows: another shows those that it has too, and committed again it shows the rest', async () => {
    const lot = await owner.lot(20);
    const rows = await sealRows(lot, { from: 0, count: 20 });
    const id = await cutShort(lot, rows);
    const resumed = await rig.store.change(ORIGIN, (c) => takeOperation(c, COMMIT_KIND));
    if (!resumed) throw new Error('no operation');
    await failCommit(rig.store, resumed, { code: 'registry-failed' });
    const isShown = async (index: number): Promise<boolean> => {
      const key = endpointKey(index, lot.lot.lotId);
      return (await findByEndpointKey(rig.store.reader, key)).length === 1;
    };
    const some = await register(lot, await sealRows(lot, { from: 0, count: 10 }));
    expect(some.ended).toMatchObject({ result: { created: 10, unchanged: 0, conflict: 0 } });
    expect([await isShown(9), await isShown(10)]).toEqual([true, false]);
    expect(await commit(id)).toMatchObject({ state: 'succeeded', result: { created: 20 } });
    expect([await isShown(9), await isShown(19)]).toEqual([true, true]);
  });

  it('of rows that are there changes nothing, and as-built it verifies what was planned', async () => {
    const lot = await owner.lot(20);
    const range = { from: 0, count: 20 };
    await register(lot, await sealRows(lot, range));
    const createdAt = '2026-03-01T09:00:00Z';
    const again = await register(lot, await sealRows(lot, range, { seal: { createdAt } }));
    expect(again.ended).toMatchObject({ result: { created: 0, unchanged: 20, conflict: 0 } });
    const header = 'index,serial,endpoint_key,hardware_id,capture.imei\n';
    const change = (row: string, index: number): string => `${row},mac-${index},imei-${index}`;
    const seal = { kind: 'as-built' } as const;
    const built = await sealRows(lot, range, { header, change, seal });
    expect((await register(lot, built, 'as-built')).ended).toMatchObject({
      result: { unchanged: 20 },
    });
    const key = endpointKey(7, lot.lot.lotId);
    const [found] = await findByEndpointKey(rig.store.reader, key);
    expect(found?.device).toMatchObject({
      ...{ provisioning: 'verified', hardwareId: 'mac-7', attributes: '{"imei":"imei-7"}' },
      version: 2,
    });
  });

  it('of another lot with the same serials is a conflict row by row, and takes nothing over', async () => {
    const first = await owner.lot(20, 'SAME');
    await register(first, await sealRows(first, { from: 0, count: 20 }));
    const second = await owner.lot(30, 'SAME');
    const { ended } = await register(second, await sealRows(second, { from: 0, count: 30 }));
    expect(ended).toMatchObject({ result: { created: 10, conflict: 20 } });
    const key = endpointKey(0, second.lot.lotId);
    expect(await findByEndpointKey(rig.store.reader, key)).toEqual([]);
  });

  it('of other serials with the same credentials is a conflict row by row, and leaves no device behind', async () => {
    const lot = await owner.lot(30);
    await register(lot, await sealRows(lot, { from: 0, count: 20 }));
    const keyOf = (index: number): string => endpointKey(index, lot.lot.lotId);
    const swap = (row: string, index: number): string =>
      index < 25 ? row.replace(keyOf(index), keyOf(index - 20)) : row;
    const range = { from: 20, count: 10 };
    const { ended } = await register(lot, await sealRows(lot, range, { change: swap }));
    expect(ended).toMatchObject({ result: { created: 5, conflict: 5 } });
    const [found] = await findByEndpointKey(rig.store.reader, keyOf(0));
    expect(found?.device).toMatchObject({ lotIndex: 0, version: 1 });
    // Their serials were not taken by the try.
    const again = await register(lot, await sealRows(lot, range));
    expect(again.ended).toMatchObject({ result: { created: 5, unchanged: 5, conflict: 0 } });
  });

  it('refuses a part that is not its chunk, is cut short, or comes again with another content', async () => {
    const lot = await owner.lot(20);
    const rows = await sealRows(lot, { from: 0, count: 20 });
    const [chunk] = rows.chunks as [Buffer];
    const url = `/v1/uploads/${await begin(lot, rows)}/parts/0`;
    const gzip = { 'content-encoding': 'gzip' };
    const changed = Buffer.from(chunk.toString().replace('-00000003', '-00000004'));
    for (const [body, headers] of [
      [changed, {}],
      [chunk.subarray(0, -1), {}],
      [gzipSync(chunk).subarray(0, -9), gzip],
    ] as const) {
      const refused = await put(engineer, url, Buffer.from(body), headers);
      expect([refused.statusCode, codeOf(refused)]).toEqual([422, 'part-mismatch']);
    }
    expect((await put(engineer, url, chunk)).statusCode).toBe(200);
    expect((await put(engineer, url, gzipSync(chunk), gzip)).statusCode).toBe(200);
    expect(codeOf(await put(engineer, url, changed))).toBe('part-conflict');
  });

  it('refuses a gzip bomb and a row over 64 KiB', async () => {
    const lot = await owner.lot(20);
    const rows = await sealRows(lot, { from: 0, count: 20 });
    const url = `/v1/uploads/${await begin(lot, rows)}/parts/0`;
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024, 'a\n'));
    const headers = { 'content-encoding': 'gzip' };
    expect(codeOf(await put(engineer, url, bomb, headers))).toBe('request-too-large');
    const long = Buffer.from(`${'a'.repeat(65_537)}\n`);
    expect(codeOf(await put(engineer, url, long))).toBe('request-too-large');
  });

  it('with a secret column, of another key, or of another lot is refused', async () => {
    const lot = await owner.lot(20);
    await post(engineer, '/v1/lots', { descriptor: lot.descriptor });
    const url = `/v1/lots/${lot.lot.lotId}/uploads`;
    const header = 'index,serial,endpoint_key,endpoint_secret\n';
    const secret = await sealRows(lot, { from: 0, count: 20 }, { header });
    const other = await sealRows(await owner.lot(20), { from: 0, count: 20 });
    const forged = await sealRows({ ...lot, owner: await Owner.create() }, { from: 0, count: 20 });
    for (const [rows, code] of [
      [secret, 'secret-columns'],
      [other, 'signature-invalid'],
      [forged, 'signature-invalid'],
    ] as const) {
      const refused = await post(engineer, url, { kind: 'planned', seal: rows.seal });
      expect([refused.statusCode, codeOf(refused)]).toEqual([422, code]);
    }
  });

  it('says of every row that fails which and why, in the order of the manifest', async () => {
    const own = await Owner.create();
    const maker = await rig.member(['factory-engineer']);
    await addKey(maker, own);
    const lot = await own.lot(8);
    await post(maker, '/v1/lots', { descriptor: lot.descriptor });
    const bend = (row: string, index: number): string =>
      index === 1
        ? row.replace('-00000002', '-00000009')
        : index === 3
          ? `${row},more`
          : index === 4
            ? row.replace(/^4,/, '9,')
            : index === 6
              ? `${row.slice(0, -1)}u`
              : row;
    const rows = await sealRows(lot, { from: 0, count: 8 }, { change: bend });
    const as = engineer;
    engineer = maker;
    const { id, ended } = await register(lot, rows);
    const again = await post(maker, `/v1/uploads/${id}/commit`);
    engineer = as;
    expect(ended).toMatchObject({ result: { created: 4, invalid: 4 } });
    expect(again.json()).toMatchObject({ state: 'succeeded', result: { created: 4 } });
    const url = `/v1/uploads/${id}/results?only=failed`;
    const failed = await rig.app.inject({ url, headers: maker.headers });
    expect(
      failed.body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { row: 2, outcome: 'invalid', reason: 'serial-wrong' },
      { row: 4, outcome: 'invalid', reason: 'row-malformed' },
      { row: 5, outcome: 'invalid', reason: 'index-outside' },
      { row: 7, outcome: 'invalid', reason: 'endpoint-key-wrong' },
    ]);
  });

  it('of another account is not there', async () => {
    const lot = await owner.lot(20);
    const id = await begin(lot, await sealRows(lot, { from: 0, count: 20 }));
    const stranger = await rig.member(['factory-engineer']);
    for (const url of [`/v1/uploads/${id}`, `/v1/uploads/${id}/results`]) {
      const { headers } = stranger;
      expect((await rig.app.inject({ url, headers })).statusCode).toBe(404);
    }
    expect((await post(stranger, `/v1/uploads/${id}/commit`)).statusCode).toBe(404);
    const part = await put(stranger, `/v1/uploads/${id}/parts/0`, Buffer.from('a'));
    expect(part.statusCode).toBe(404);
  });
});

async function countEvents(type: string): Promise<number> {
  const query = rig.store.reader.selectFrom('events').selectAll().where('type', '=', type);
  return (await query.execute()).length;
}

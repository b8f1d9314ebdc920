import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseCsvRow } from '../../src/manifest/csv-row.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import type { NewDevice } from '../../src/service/store/devices.ts';
import type { Change } from '../../src/service/store/store.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let admin: TestMember;
let names = 0;

beforeAll(async () => {
  rig = await ServiceRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());
beforeEach(async () => {
  admin = await rig.member(['account-admin'], { kind: 'user' });
});

interface DeviceAnswer {
  readonly id: string;
  readonly serial: string;
  readonly endpointKey: string;
  readonly lotIndex: number;
  readonly enrollment: string;
  readonly escrow: string;
}
interface PageAnswer {
  readonly items: readonly DeviceAnswer[];
  readonly next?: string;
}

const device = (index: number, more: Partial<NewDevice> = {}): Promise<string> =>
  rig.store.change(ORIGIN, (change) => enter(change, index, more));
const devices = (n: number): Promise<void> =>
  rig.store.change(ORIGIN, async (change) => {
    for (let index = 0; index < n; index++) await enter(change, index);
  });
const enter = async (
  change: Change,
  index: number,
  more: Partial<NewDevice> = {},
): Promise<string> => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, names++);
  const made = await registerDevice(change, {
    ...{ accountId: admin.accountId, serial: `S-${index}`, lotId: 'kl_lot', lotIndex: index },
    ...{ provisioningKey: 'kp_one', endpointKey: endpointKeyOf(bytes), scheme: 'psk' },
    ...{ provisioning: 'verified', ...more },
  });
  if (made.outcome === 'conflict') throw new Error('a conflict');
  return made.device.id;
};
const read = (url: string, headers: Record<string, string> = {}, as = admin) =>
  rig.app.inject({ url, headers: { ...as.headers, ...headers } });
const post = (url: string, version: string | undefined, as = admin, key: string = randomUUID()) =>
  rig.app.inject({
    ...{ method: 'POST', url },
    headers: {
      ...{ ...as.headers, 'idempotency-key': key },
      ...(version !== undefined && { 'if-match': version }),
    },
  });
const codeOf = (response: { json(): unknown }): unknown =>
  (response.json() as { code?: unknown }).code;

describe('the list of devices', () => {
  it('goes on by its Link, with its filters, in whatever order they are asked for', async () => {
    for (let n = 1; n <= 5; n++) await device(n, { model: n === 3 ? 'M8' : 'M7' });
    const first = await read('/v1/devices?limit=2&model=M7&serialPrefix=S-');
    const [, next = ''] = /^<(.+)>; rel="next"$/.exec(String(first.headers.link)) ?? [];
    const second = (await read(next)).json<PageAnswer>();
    expect(second.items.map(({ serial }) => serial)).toEqual(['S-4', 'S-5']);
    expect(second.next).toBeUndefined();
    const cursor = first.json<PageAnswer>().next ?? '';
    const turned = await read(`/v1/devices?serialPrefix=S-&model=M7&cursor=${cursor}`);
    expect(turned.json<PageAnswer>().items).toHaveLength(2);
    expect(codeOf(await read(`/v1/devices?model=M8&cursor=${cursor}`))).toBe('cursor-invalid');
    expect(codeOf(await read(`/v1/escrow?model=M7&cursor=${cursor}`))).toBe('cursor-invalid');
  });

  it('is by index where a lot is asked for, and has no range without one', async () => {
    for (const n of [12, 9, 10, 11]) await device(n);
    const lot = await read('/v1/devices?lotId=kl_lot&first=10&last=11&limit=1');
    const { items, next = '' } = lot.json<PageAnswer>();
    expect(items.map(({ lotIndex }) => lotIndex)).toEqual([10]);
    const more = await read(`/v1/devices?lotId=kl_lot&first=10&last=11&cursor=${next}`);
    expect(more.json<PageAnswer>().items.map(({ lotIndex }) => lotIndex)).toEqual([11]);
    const refused = await read('/v1/devices?first=10');
    expect([refused.statusCode, codeOf(refused)]).toEqual([422, 'request-invalid']);
  });

  it.each(['enrollment=gone', 'escrow=none', 'lot=kl_lot', 'limit=0', 'first=-1&lotId=kl_lot'])(
    'refuses the query %s',
    async (query) => {
      const refused = await read(`/v1/devices?${query}`);
      expect([refused.statusCode, codeOf(refused)]).toEqual([422, 'request-invalid']);
    },
  );

  it('is exported whole as NDJSON and as CSV, with the filters of the list', async () => {
    await devices(1_100);
    await device(2_000, { model: 'a "b", c\nd', hardwareId: '=1+1' });
    const ndjson = await read('/v1/devices', { accept: 'application/x-ndjson' });
    expect(ndjson.headers['content-type']).toMatch(/^application\/x-ndjson/);
    const lines = ndjson.body.trim().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as DeviceAnswer);
    expect(new Set(parsed.map(({ id }) => id)).size).toBe(1_101);
    const page = await read('/v1/devices?limit=1');
    expect(parsed[0]).toEqual(page.json<PageAnswer>().items[0]);

    const csv = await read('/v1/devices?serialPrefix=S-20', { accept: 'text/csv, */*;q=0.1' });
    const [header = '', ...rows] = csv.body.trim().split(/\n(?=dv_)/);
    expect(header.split(',').slice(0, 7)).toEqual([
      ...['id', 'serial', 'endpoint_key', 'provisioning_key', 'lot_id', 'lot_index', 'model'],
    ]);
    expect(rows).toHaveLength(12);
    const last = parseCsvRow(rows.find((row) => row.includes('S-2000')) ?? '');
    // What a device or a line says does not run as a formula where the file is opened.
    expect('fields' in last && last.fields[12]).toBe("'=1+1");
    expect('fields' in last && last.fields.slice(5, 10)).toEqual([
      ...['2000', 'a "b", c\nd', 'verified', 'pending', 'waiting'],
    ]);
  });

  it('that fails on its way to the reader is cut off, not ended', async () => {
    for (let n = 0; n < 3; n++) await device(n);
    await rig.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = rig.app.server.address() as AddressInfo;
    const { reader } = rig.store;
    const broken = new Proxy(reader, {
      get: (target, name) => {
        if (name !== 'selectFrom') return Reflect.get(target, name) as unknown;
        return (table: 'devices') => {
          if (++asked > 2) throw new Error('the disk is gone');
          return target.selectFrom(table);
        };
      },
    });
    let asked = 0;
    const headers = { ...admin.headers, accept: 'text/csv' };
    Object.defineProperty(rig.store, 'reader', { value: broken, configurable: true });
    const ended = await new Promise<string>((resolve) => {
      get({ port, path: '/v1/devices', headers }, (response: IncomingMessage) => {
        response.resume();
        response.on('end', () => {
          resolve(String(response.statusCode));
        });
        response.on('error', () => {
          resolve('cut off');
        });
      }).on('error', () => {
        resolve('cut off');
      });
    });
    Object.defineProperty(rig.store, 'reader', { value: reader, configurable: true });
    expect(ended).toBe('cut off');
  });
});

describe('a device of the fleet', () => {
  it('is shown by id, endpoint key and serial, with its ETag', async () => {
    const id = await device(1, { attributes: { imei: '4711' } });
    const shown = await read(`/v1/devices/${id}`);
    expect(shown.headers.etag).toBe('"1"');
    const view = shown.json<DeviceAnswer>();
    expect(view).toMatchObject({
      id,
      escrow: 'waiting',
      attributes: { imei: '4711' },
      custody: [],
    });
    for (const name of [view.endpointKey, 'S-1']) {
      expect((await read(`/v1/devices/${name}`)).json()).toEqual(view);
    }
    const support = await rig.member(['support'], { accountId: admin.accountId });
    const seen = (await read(`/v1/devices/${id}`, {}, support)).json<DeviceAnswer>();
    expect(seen).not.toHaveProperty('attributes');
  });

  it('is quarantined, released and retired by whoever saw its version, once each', async () => {
    const id = await device(1);
    const token = await rig.store.change(ORIGIN, (change) =>
      issueToken(change, { accountId: admin.accountId, deviceId: id }),
    );
    const asDevice = { ...admin, headers: { authorization: `Bearer ${token.token}` } };
    expect((await read('/v1/device/wait?seconds=0', {}, asDevice)).statusCode).toBe(200);
    const waiting = read('/v1/device/wait?seconds=60', {}, asDevice);
    const key = randomUUID();
    const url = `/v1/devices/${id}/quarantine`;
    const held = await post(url, '"1"', admin, key);
    expect([held.statusCode, held.headers.etag]).toEqual([200, '"2"']);
    expect(held.json()).toMatchObject({ enrollment: 'quarantined' });
    // It is told at once that its session has ended, not after a minute.
    expect((await waiting).statusCode).toBe(401);
    const again = await post(url, '"1"', admin, key);
    expect([again.body, again.headers['idempotent-replay']]).toEqual([held.body, 'true']);
    expect(codeOf(await post(url, '"1"'))).toBe('precondition-failed');
    expect(codeOf(await post(url, undefined))).toBe('precondition-required');
    expect((await post(`/v1/devices/${id}/release`, '"2"')).json()).toMatchObject({
      enrollment: 'pending',
    });
    expect((await post(`/v1/devices/${id}/retire`, '"3"')).json()).toMatchObject({
      enrollment: 'retired',
    });
    const over = await post(`/v1/devices/${id}/release`, '"4"');
    expect([over.statusCode, codeOf(over)]).toEqual([409, 'state-conflict']);
    const events = (await read(`/v1/devices/${id}/events`)).json<{
      items: { type: string; id: string }[];
      next: string;
    }>();
    expect(events.items.map(({ type }) => type)).toEqual([
      ...['device.registered', 'device.quarantined', 'device.rejoined', 'device.retired'],
    ]);
    const rest = await read(`/v1/devices/${id}/events?after=${events.items[2]?.id ?? ''}`);
    expect(rest.json<typeof events>().items.map(({ type }) => type)).toEqual(['device.retired']);
  });

  it('is controlled by a person alone', async () => {
    const id = await device(1);
    const machine = await rig.member(['account-admin'], { accountId: admin.accountId });
    expect((await post(`/v1/devices/${id}/retire`, '"1"', machine)).statusCode).toBe(403);
  });
});

describe('escrow', () => {
  it('is listed by state, counted, left and entered again', async () => {
    const [first] = [await device(1), await device(2), await device(3)];
    const cancelled = await post(`/v1/escrow/${first}/cancel`, '"1"');
    expect([cancelled.headers.etag, cancelled.json<DeviceAnswer>().escrow]).toEqual([
      ...['"2"', 'cancelled'],
    ]);
    const waiting = (await read('/v1/escrow?state=waiting')).json<PageAnswer>();
    expect(waiting.items.map(({ serial }) => serial)).toEqual(['S-2', 'S-3']);
    const counts = { waiting: 2, offered: 0, configuring: 0, active: 0, cancelled: 1 };
    expect((await read('/v1/escrow/counts')).json()).toEqual(counts);
    expect((await read('/v1/escrow/counts?serialPrefix=S-1')).json()).toMatchObject({ waiting: 0 });
    const shown = await read('/v1/escrow/S-1');
    expect([shown.headers.etag, shown.json<DeviceAnswer>().escrow]).toEqual(['"2"', 'cancelled']);
    await post('/v1/escrow/S-1/restore', '"2"');
    expect((await read('/v1/escrow/counts')).json()).toMatchObject({ waiting: 3, cancelled: 0 });
  });

  it('has no device that was retired', async () => {
    const id = await device(1);
    await post(`/v1/devices/${id}/retire`, '"1"');
    expect((await read('/v1/escrow')).json<PageAnswer>().items).toEqual([]);
    expect((await read('/v1/escrow/counts')).json()).toMatchObject({ waiting: 0 });
    expect(codeOf(await post(`/v1/escrow/${id}/cancel`, '"2"'))).toBe('state-conflict');
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putTemplate } from '../../src/service/store/config-templates.ts';
import { beginEpoch, versionFloor } from '../../src/service/store/epoch.ts';
import { eventsAfter } from '../../src/service/store/feed.ts';
import { moveDevice } from '../../src/service/store/devices.ts';
import { makeLot, TestDevice } from './escrow-rig.ts';
import type { TestMaker } from './escrow-rig.ts';
import { ServiceRig } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let maker: TestMaker;
let index = 0;

beforeAll(async () => {
  rig = await ServiceRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());
beforeEach(async () => {
  const accountId = await rig.account();
  maker = await rig.store.change(ORIGIN, (change) =>
    makeLot(change, rig.service.masterKey, accountId),
  );
});

const make = (more: Parameters<typeof TestDevice.registered>[3] = {}): Promise<TestDevice> =>
  TestDevice.registered(rig, maker, index++, more);
const rowOf = (id: string) =>
  rig.store.reader.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const typesOf = async (id: string): Promise<string[]> => {
  const { accountId } = await rowOf(id);
  const events = await eventsAfter(rig.store.reader, accountId, { after: 0, limit: 100 });
  return events.filter(({ subject }) => subject === id).map(({ type }) => type);
};

describe('a proof of a credential', () => {
  it.each(['psk', 'ed25519', 'p256'])('of %s opens a session of an hour', async (scheme) => {
    const device = await make({ scheme });
    expect(await device.logIn()).toBe(200);
    expect(await device.checkIn()).toMatchObject({ mode: 'escrow' });
    expect((await rowOf(device.id)).enrollment).toBe('enrolled');
    const before = rig.clock.ms;
    rig.clock.ms += 3_600_000;
    expect(await device.checkIn()).toMatchObject({ status: 401 });
    rig.clock.ms = before;
  });

  it('is taken from a device whose build nobody reported, which is said once', async () => {
    const device = await make({ provisioning: 'planned' });
    expect([await device.logIn(), await device.logIn()]).toEqual([200, 200]);
    const said = (await typesOf(device.id)).filter((type) => type === 'device.unreported-build');
    expect(said).toHaveLength(1);
  });

  it.each(['psk', 'ed25519'])('is refused for a stranger and for another’s %s', async (scheme) => {
    const device = await make({ scheme });
    const stranger = new TestDevice(rig, maker, scheme as 'psk');
    const answers = [await stranger.logIn()];
    const { endpointKey } = device;
    answers.push(await stranger.logIn(await stranger.proof({ endpointKey })));
    expect(answers).toEqual([401, 401]);
  });

  it('by signature serves once, for two minutes, and for this registry', async () => {
    const device = await make({ scheme: 'p256' });
    const proof = await device.proof();
    expect([await device.logIn(proof), await device.logIn(proof)]).toEqual([200, 401]);
    expect(await device.logIn(await device.proof({ audience: 'https://other.test' }))).toBe(401);
    const old = await device.proof();
    const before = rig.clock.ms;
    rig.clock.ms += 120_000;
    expect(await device.logIn(old)).toBe(401);
    rig.clock.ms = before;
    expect(await device.logIn(await device.proof({ nonce: 'A'.repeat(51) }))).toBe(401);
  });

  it('is refused from another address class than asked for its nonce', async () => {
    const device = await make({ scheme: 'ed25519' });
    const headers = { authorization: await device.proof() };
    const request = { method: 'POST', url: '/v1/device/session', headers } as const;
    const far = await rig.app.inject({ ...request, remoteAddress: '192.0.2.1' });
    const near = await rig.app.inject({ ...request, remoteAddress: '127.0.0.99' });
    expect([far.statusCode, near.statusCode]).toEqual([401, 200]);
  });

  it.each(['quarantined', 'retired', 'failed'] as const)(
    'of a device that is %s is refused, and its session has ended',
    async (move) => {
      const device = await make();
      await device.logIn();
      const where = { accountId: maker.accountId, id: device.id };
      await rig.store.change(ORIGIN, (change) => moveDevice(change, where, move));
      expect(await device.logIn()).toBe(401);
      if (move !== 'failed') expect(await device.checkIn()).toMatchObject({ status: 401 });
    },
  );

  it('that failed ten times within the minute waits, from that address alone', async () => {
    const device = await make();
    const right = await device.proof();
    const other = new TestDevice(rig, maker, 'psk');
    const wrong = await other.proof({ endpointKey: device.endpointKey });
    const ask = async (authorization: string, remoteAddress: string) =>
      await rig.app.inject({
        ...{ method: 'POST', url: '/v1/device/session', headers: { authorization } },
        remoteAddress,
      });
    for (let n = 0; n < 10; n++) expect((await ask(wrong, '192.0.2.7')).statusCode).toBe(401);
    const held = await ask(right, '192.0.2.7');
    expect([held.statusCode, Number(held.headers['retry-after']) > 0]).toEqual([429, true]);
    expect((await ask(right, '127.0.0.1')).statusCode).toBe(200);
    const before = rig.clock.ms;
    rig.clock.ms += 60_000;
    expect((await ask(right, '192.0.2.7')).statusCode).toBe(200);
    rig.clock.ms = before;
  });

  it.each(['', 'Basic !', 'Bearer x', `Bearer kt_${'A'.repeat(43)}`])(
    'is asked for where %j is none',
    async (authorization) => {
      const headers = { authorization };
      const response = await rig.app.inject({ method: 'POST', url: '/v1/device/session', headers });
      expect(response.statusCode).toBe(422);
    },
  );
});

describe('a check-in', () => {
  it('marks a device that is seen with two hardware ids, once', async () => {
    const device = await make();
    await device.logIn();
    await device.checkIn({ hardwareId: 'aa' });
    await device.checkIn({ hardwareId: 'aa' });
    expect((await rowOf(device.id)).mark).toBeNull();
    await device.checkIn({ hardwareId: 'bb' });
    await device.checkIn({ hardwareId: 'bb' });
    expect(await rowOf(device.id)).toMatchObject({ mark: 'two-hardware-ids', hardwareId: 'aa' });
    const said = (await typesOf(device.id)).filter((type) => type === 'device.two-hardware-ids');
    expect(said).toHaveLength(1);
  });

  it('marks a device whose counter runs backwards, and not one that repeats itself', async () => {
    const device = await make();
    await device.logIn();
    await device.checkIn({ counter: 7 });
    await device.checkIn({ counter: 7 });
    expect((await rowOf(device.id)).mark).toBeNull();
    await device.checkIn({ counter: 6 });
    expect(await rowOf(device.id)).toMatchObject({ mark: 'counter-ran-back', counter: 7 });
    expect(await typesOf(device.id)).toContain('device.counter-ran-back');
  });
});

describe('a configuration', () => {
  const put = (after: number, values: Record<string, unknown>) =>
    rig.store.change(ORIGIN, (change) =>
      putTemplate(
        change,
        { accountId: maker.accountId, name: 'default', after },
        { trustAnchors: ['ab'.repeat(32)], values },
      ),
    );

  it('verifies up to the device’s trust anchor, has its fields, and is acknowledged', async () => {
    const device = await make();
    await put(0, { name: 'unit {serial}', list: ['{endpointKey}', 7] });
    await device.logIn();
    const { body, trustAnchors } = await device.configure(await device.checkIn());
    const values = JSON.parse(Buffer.from(body).toString()) as unknown;
    const { serial } = await rowOf(device.id);
    expect(values).toEqual({ name: `unit ${serial}`, list: [device.endpointKey, 7] });
    expect(trustAnchors).toEqual([Uint8Array.from(Buffer.from('ab'.repeat(32), 'hex'))]);
    await device.checkIn();
    expect(await rowOf(device.id)).toMatchObject({ ackStep: 0, ackVersion: 1 });
    expect(await typesOf(device.id)).toContain('device.configured');
  });

  it('is acknowledged by its own digest alone', async () => {
    const device = await make();
    await put(0, {});
    await device.logIn();
    await device.configure(await device.checkIn());
    const config = { step: 0, version: 1, digest: '00'.repeat(32), status: 'applied' };
    await device.checkIn({ config });
    expect((await rowOf(device.id)).ackStep).toBeNull();
  });

  it('gets the next version when its template changes, and only up', async () => {
    const device = await make();
    await put(0, { a: 1 });
    await device.logIn();
    await device.configure(await device.checkIn());
    await put(1, { a: 2 });
    const next = await device.checkIn();
    expect(next.config).toMatchObject({ step: 0, version: 2 });
    await device.configure(next);
    await expect(device.configure(next)).rejects.toMatchObject({ facts: { reason: 'not-newer' } });
    expect((await device.checkIn()).config).toEqual(next.config);
  });

  it('of another registry’s owner key is refused by the device', async () => {
    const device = await make();
    await put(0, {});
    const accountId = await rig.account();
    const thief = await rig.store.change(ORIGIN, (change) =>
      makeLot(change, rig.service.masterKey, accountId),
    );
    const { manufacturerKey, delegation } = await rig.store.reader
      .selectFrom('provisioningKeys')
      .selectAll()
      .where('id', '=', thief.provisioningKey)
      .executeTakeFirstOrThrow();
    await rig.store.change(ORIGIN, ({ db }) =>
      db
        .updateTable('provisioningKeys')
        .set({ manufacturerKey, delegation })
        .where('id', '=', maker.provisioningKey)
        .execute(),
    );
    await device.logIn();
    const state = await device.checkIn();
    await expect(device.configure(state)).rejects.toMatchObject({ facts: { reason: 'anchor' } });
  });

  it('reaches a device that waits when its template is made', async () => {
    const device = await make();
    await device.logIn();
    const waiting = device.wait(300);
    await device.checkIn();
    await put(0, {});
    expect(await waiting).toMatchObject({ mode: 'normal', config: { version: 1 } });
  });

  it('is not another device’s to fetch', async () => {
    const [one, two] = [await make(), await make()];
    await put(0, {});
    await one.logIn();
    await two.logIn();
    const { config } = await one.checkIn();
    await expect(two.fetch(config?.url ?? '')).rejects.toThrow('404');
  });

  it('is told to nobody who waits in vain', async () => {
    const device = await make();
    await device.logIn();
    expect(await device.wait(0)).toMatchObject({ mode: 'escrow', retryAfter: 60 });
  });

  // Last: the registry's other histories are behind it from here on.
  it.each([
    ['the same template', undefined],
    ['another one', { a: 2 }],
  ])('that was lost by a restore is replaced by a newer one, of %s', async (_of, values) => {
    const device = await make();
    await put(0, { a: 1 });
    await device.logIn();
    await device.configure(await device.checkIn());
    await rig.store.change(ORIGIN, async (change) => {
      const { db } = change;
      await db.deleteFrom('configurations').where('deviceId', '=', device.id).execute();
      const lost = { configStep: null, configVersion: null };
      await db.updateTable('devices').set(lost).where('id', '=', device.id).execute();
      await beginEpoch(change);
    });
    if (values) await put(1, values);
    await device.logIn();
    const next = await device.checkIn();
    expect(next.config?.version).toBe((await versionFloor(rig.store.reader)) + 1);
    await device.configure(next);
    expect((await device.checkIn()).config).toEqual(next.config);
    await rig.store.change(ORIGIN, beginEpoch);
    await device.logIn();
    const again = await device.checkIn();
    expect(again.config?.version).toBeGreaterThan(await versionFloor(rig.store.reader));
    await device.configure(again);
  });
});

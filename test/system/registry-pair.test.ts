/** Two processes that serve one PostgreSQL database. Needs PostgreSQL, and a build in dist. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';
import { ask, EventReader, ServedRegistry } from './served-registry.ts';
import type { Served } from './served-registry.ts';
import { Market, proveDevice } from './waiting-device.ts';

let cluster: Cluster;
let registry: ServedRegistry;
let one: Served;
let two: Served;
beforeAll(async () => {
  cluster = await startCluster();
  registry = await ServedRegistry.create(cluster);
  [one, two] = await Promise.all([registry.serve(), registry.serve()]);
});
afterAll(async () => {
  await Promise.all([one[Symbol.asyncDispose](), two[Symbol.asyncDispose]()]);
  await registry[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

it('bring an approval on one to the device that waits on the other', async () => {
  const market = await Market.open(registry);
  for (let turn = 0; turn < 5; turn++) {
    const device = await market.offer();
    const session = await proveDevice(one, device);
    using waiting = await EventReader.open(one, session, '/v1/device/wait');
    await waiting.until(/event: escrow\n.*\n\n/);
    const path = `/v1/transfers/${device.transferId}/decision`;
    const body = { default: 'accept' };
    const decided = await ask(two, market.customer.token, { path, body });
    expect(decided).toMatchObject({ status: 200, body: { state: 'completed' } });
    await waiting.until(/event: normal\n.*\n\n/);
    // Before the first heartbeat: it was woken, and did not look by itself.
    expect(waiting.text).not.toMatch(/^:/m);
  }
});

it('answer a long poll on one when the other has decided', async () => {
  const market = await Market.open(registry);
  const device = await market.offer();
  const session = await proveDevice(one, device);
  using watched = await EventReader.open(one, session, '/v1/device/wait');
  const polled = ask(one, session, { path: '/v1/device/wait?seconds=50' });
  await watched.until(/event: escrow\n/);
  const path = `/v1/transfers/${device.transferId}/decision`;
  await ask(two, market.customer.token, { path, body: { default: 'accept' } });
  await watched.until(/event: normal\n.*\n\n/);
  expect(await polled).toMatchObject({ status: 200, body: { mode: 'normal' } });
  expect(watched.text).not.toMatch(/^:/m);
});

it('refuse on one a token that was ended on the other', async () => {
  const { token } = await registry.member(['auditor']);
  expect(await ask(one, token, { path: '/v1/me' })).toMatchObject({ status: 200 });
  const ended = await ask(two, token, { path: '/v1/token', method: 'DELETE' });
  expect(ended.status).toBe(204);
  expect(await ask(one, token, { path: '/v1/me' })).toMatchObject({ status: 401 });
});

it('end on one the stream of whose secret was rotated on the other', async () => {
  const admin = await registry.member(['account-admin'], { kind: 'user' });
  const { accountId } = admin;
  const { principalId, token } = await registry.member(['auditor'], { accountId });
  using stream = await EventReader.open(one, token, '/v1/events');
  await stream.until(/principal\.created/);
  const path = `/v1/system-accounts/${principalId}/rotate`;
  expect(await ask(two, admin.token, { path, body: {} })).toMatchObject({ status: 200 });
  await stream.end();
  expect(stream.text).not.toMatch(/^:/m);
  expect(await ask(one, token, { path: '/v1/me' })).toMatchObject({ status: 401 });
});

it('carry out a request once that comes to both at once, and give its answer again', async () => {
  const market = await Market.open(registry);
  const device = await market.offer();
  const withdrawal = {
    path: `/v1/transfers/${device.transferId}/withdrawal`,
    body: {},
    key: randomUUID(),
  };
  await ask(one, market.maker.token, withdrawal);
  const key = randomUUID();
  const offer = {
    path: '/v1/transfers',
    body: { to: market.customer.handle, devices: { ids: [device.id] } },
    key,
  };
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => ask(n % 2 ? one : two, market.maker.token, offer)),
  );
  const given = answers.filter(({ status }) => status === 201);
  const others = answers.filter(({ status }) => status !== 201);
  expect(given.length).toBeGreaterThanOrEqual(1);
  expect(new Set(given.map(({ body }) => body['id'])).size).toBe(1);
  // In the process that is at it, a repetition is told to wait.
  for (const { status, body } of others) {
    expect([status, body['code']]).toEqual([409, 'idempotency-in-flight']);
  }
  for (const served of [one, two]) {
    const again = await ask(served, market.maker.token, offer);
    expect([again.status, again.body]).toEqual([201, given[0]?.body]);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    const other = { ...offer, body: { ...offer.body, note: 'another' } };
    const refused = await ask(served, market.maker.token, other);
    expect([refused.status, refused.body['code']]).toEqual([422, 'idempotency-mismatch']);
  }
});

/** A database that goes away under a process that serves, and comes back. Needs PostgreSQL, and a build in dist. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startCluster } from './postgres.ts';
import type { Cluster } from './postgres.ts';
import { ask, EventReader, ServedRegistry } from './served-registry.ts';
import type { Answered, Served } from './served-registry.ts';
import { Market, proveDevice } from './waiting-device.ts';

let cluster: Cluster;
let registry: ServedRegistry;
let served: Served;
beforeAll(async () => {
  cluster = await startCluster();
  registry = await ServedRegistry.create(cluster);
  served = await registry.serve();
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

it('says 503 and when to come back while its database is away, and goes on by itself', async () => {
  const market = await Market.open(registry);
  const { token } = market.customer;
  const device = await market.offer();
  const session = await proveDevice(served, device);
  using feed = await EventReader.open(served, token, '/v1/events');
  using waiting = await EventReader.open(served, session, '/v1/device/wait');
  await Promise.all([feed.until(/account\.created/), waiting.until(/event: escrow\n.*\n\n/)]);
  const polled = poll(session);

  await cluster.stop();
  for (const path of ['/v1/me', '/v1/events', '/readyz']) {
    const refused = await ask(served, token, { path });
    expect([path, refused.status]).toEqual([path, 503]);
    expect(refused.body).toMatchObject({ code: 'registry-unavailable', retryable: true });
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  const decision = {
    path: `/v1/transfers/${device.transferId}/decision`,
    body: { default: 'accept' },
  };
  expect((await ask(served, token, { ...decision, key: 'while-it-is-away' })).status).toBe(503);
  expect((await ask(served, token, { path: '/healthz' })).status).toBe(200);

  await cluster.start();
  await vi.waitFor(
    async () => {
      expect((await ask(served, token, { path: '/readyz' })).status).toBe(200);
    },
    { timeout: 30_000, interval: 50 },
  );
  const decided = await ask(served, token, { ...decision, key: 'when-it-is-back' });
  expect(decided).toMatchObject({ status: 200, body: { state: 'completed' } });
  // The same streams, which were not ended, and a device that polls again when it is told to.
  await Promise.all([feed.until(/transfer\.completed/), waiting.until(/event: normal\n.*\n\n/)]);
  expect(await polled).toMatchObject({ status: 200, body: { mode: 'normal' } });
});

async function poll(session: string): Promise<Answered> {
  for (;;) {
    const answer = await ask(served, session, { path: '/v1/device/wait?seconds=50' });
    if (answer.status !== 503) return answer;
  }
}

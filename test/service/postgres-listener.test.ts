import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import { PostgresListener } from '../../src/service/store/postgres-listener.ts';
import { Wakes } from '../../src/service/store/wakes.ts';

/** As a load balancer whose backend is away: accepts, reads the first bytes, closes. */
async function balancer() {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.once('data', () => socket.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, open, port: (server.address() as AddressInfo).port };
}

it('tries again once for a connection that ends while it connects, and leaves nothing behind', async () => {
  const { server, open, port } = await balancer();
  let timers = 0;
  const setTimer = globalThis.setTimeout;
  const planned: (() => void)[] = [];
  // Only the listener's own pauses: pg's timeout of the connection is 5 s.
  globalThis.setTimeout = ((work: () => void, pauseMs?: number) => {
    if (pauseMs === 5_000 || pauseMs === undefined) return setTimer(work, pauseMs);
    timers++;
    planned.push(work);
    return setTimer(() => undefined, 0);
  }) as typeof setTimeout;
  try {
    const listener = new PostgresListener(`postgres://u@127.0.0.1:${port}/db`, new Wakes());
    await expect(listener.start()).rejects.toThrow();
    for (let outage = 1; outage <= 4; outage++) {
      while (open.size > 0) await new Promise(setImmediate);
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      expect(timers).toBe(outage);
      const connected = once(server, 'connection');
      planned.shift()?.();
      await connected;
    }
    await listener[Symbol.asyncDispose]();
    while (open.size > 0) await new Promise(setImmediate);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(timers).toBe(4);
  } finally {
    globalThis.setTimeout = setTimer;
    server.close();
    await once(server, 'close');
  }
});

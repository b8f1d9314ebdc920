import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { HttpFleet } from '../../src/registry/http-fleet.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
let server: Server;
const asked: IncomingMessage[] = [];

/** A server that gives one answer a request, the last one again and again. */
async function answering(...answers: Answer[]): Promise<HttpFleet> {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(request);
    answers[Math.min(asked.length, answers.length) - 1]?.(response, request);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return new HttpFleet({ url: `http://127.0.0.1:${port}`, pauseMs: 1 });
}
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const json =
  (body: object, headers: object = {}, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
const event = (n: number): string =>
  `id: e-${n}\nevent: x\ndata: ${JSON.stringify({ id: `e-${n}` })}\n\n`;
const stream =
  (text: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => response.destroy());
  };

it('follows the feed over a stream that breaks off, from the last event it had whole', async () => {
  const fleet = await answering(
    stream(`:\n\n${event(1)}${event(2)}id: e-3\nevent: x\ndata: {"id"`),
    stream(event(3)),
    stream(event(4)),
  );
  const ids: string[] = [];
  for await (const { id } of fleet.followEvents('e-0')) {
    ids.push(id);
    if (ids.length === 4) break;
  }
  expect(ids).toEqual(['e-1', 'e-2', 'e-3', 'e-4']);
  expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual(['e-0', 'e-2', 'e-3']);
});

it('asks again for an answer that breaks off', async () => {
  const fleet = await answering(
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      response.write('{"waiting": 1', () => response.destroy());
    },
    json({ waiting: 7 }),
  );
  expect(await fleet.countEscrow({})).toEqual({ waiting: 7 });
  expect(asked).toHaveLength(2);
});

it('moves a device that checks in meanwhile, by the version that it has then', async () => {
  const device = { id: 'dv_1', serial: 'S/1' };
  const fleet = await answering(
    json(device, { etag: '"4"' }),
    json({ code: 'precondition-failed' }, {}, 412),
    json(device, { etag: '"5"' }),
    json({ ...device, enrollment: 'quarantined' }),
  );
  expect(await fleet.move('S/1', 'quarantine')).toMatchObject({ enrollment: 'quarantined' });
  expect(asked.map(({ url, headers }) => [url, headers['if-match']])).toEqual([
    ['/v1/devices/S%2F1', undefined],
    ['/v1/devices/dv_1/quarantine', '"4"'],
    ['/v1/devices/S%2F1', undefined],
    ['/v1/devices/dv_1/quarantine', '"5"'],
  ]);
});

it('reads a list page by page, no more than was asked for', async () => {
  const rows = (n: number) => Array.from({ length: n }, (_, at) => ({ id: `dv_${at}` }));
  const fleet = await answering(
    json({ items: rows(1_000), next: 'c1' }),
    json({ items: rows(500), next: 'c2' }),
  );
  let count = 0;
  for await (const page of fleet.list({ model: 'A&B', most: 1_500 })) count += page.length;
  expect(count).toBe(1_500);
  expect(asked.map(({ url }) => url)).toEqual([
    '/v1/devices?model=A%26B&limit=1000',
    '/v1/devices?model=A%26B&limit=500&cursor=c1',
  ]);
});

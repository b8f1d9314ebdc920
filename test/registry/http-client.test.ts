import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { send } from '../../src/registry/http-client.ts';
import type { HttpSession } from '../../src/registry/http-client.ts';
import { RenewableToken } from '../../src/registry/renewable-token.ts';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  if (server) await once(server, 'close');
  server = undefined;
});

type Answer = (
  request: Parameters<RequestListener>[0],
  response: Parameters<RequestListener>[1],
) => void;
const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(JSON.stringify({ code, detail: 'it said so' }));
  };
const fine: Answer = (request, response) => response.end(request.headers.authorization ?? 'fine');
const page: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Agree to the terms</p>');
};
const cut: Answer = (_, response) => response.destroy();

/** A registry that gives these answers, one a request, and then the last one for ever. */
async function answering(...answers: readonly Answer[]) {
  let count = 0;
  server = createServer((request, response) => {
    answers[Math.min(count++, answers.length - 1)]?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (more: Partial<HttpSession> = {}): Promise<string> =>
    await (await send({ url, pauseMs: 1, ...more }, { method: 'GET', path: '/' })).text();
  return { ask, count: () => count };
}

it('sends a request again over lost connections, 503, 429 and while the first is carried out', async () => {
  const { ask, count } = await answering(
    ...[cut, problem(503, 'registry-unavailable'), problem(429, 'rate-limited')],
    ...[problem(409, 'idempotency-in-flight'), fine],
  );
  expect([await ask(), count()]).toEqual(['fine', 5]);
});

it('says once that it waits, and gives up after eight tries', async () => {
  const { ask, count } = await answering(cut);
  let told = 0;
  const refused = ask({ onWait: () => told++ });
  await expect(refused).rejects.toMatchObject({ code: 'registry-unavailable', exitCode: 5 });
  expect([count(), told]).toEqual([8, 1]);
});

it('says that an answer is long in coming, and gives up early where tries end without a word', async () => {
  const { ask, count } = await answering(() => undefined);
  const told: string[] = [];
  const times = { timeoutMs: 50, slowMs: 5, mostMs: 60 };
  const refused = ask({ times, onWait: (why) => told.push(why) });
  await expect(refused).rejects.toMatchObject({ code: 'registry-unavailable' });
  expect([count() < 8, told.includes('slow')]).toEqual([true, true]);
});

it.each([
  ['object-unknown', problem(404, 'object-unknown'), 'object-unknown'],
  ['a wait of an hour', problem(429, 'rate-limited', { 'retry-after': '3600' }), 'rate-limited'],
  ['another server', problem(404, 'nginx'), 'registry-failed'],
  ['a conflict', problem(409, 'state-conflict'), 'state-conflict'],
  ['a page that is no registry’s', page, 'registry-failed'],
  ['a redirection', problem(302, '', { location: 'http://127.0.0.1:9/' }), 'registry-failed'],
])('does not try again after %s', async (_, answer, code) => {
  const { ask, count } = await answering(answer);
  await expect(ask()).rejects.toMatchObject({ code });
  expect(count()).toBe(1);
});

it('renews a token that is refused, once for all requests that were refused with it', async () => {
  const { ask } = await answering((request, response) => {
    const isOld = request.headers.authorization === 'Bearer kt_old';
    (isOld ? problem(401, 'unauthenticated') : fine)(request, response);
  });
  let renewals = 0;
  const token = new RenewableToken('kt_old', () => {
    renewals++;
    return Promise.resolve('kt_new');
  });
  const answers = await Promise.all([ask({ token }), ask({ token }), ask({ token })]);
  expect([...answers, renewals]).toEqual([...Array<string>(3).fill('Bearer kt_new'), 1]);
});

it('asks for no third token where the second is refused too, and says how to log in', async () => {
  const { ask, count } = await answering(problem(401, 'unauthenticated'));
  const token = new RenewableToken('kt_old', () => Promise.resolve('kt_new'));
  const refused = ask({ token, loginHint: 'Log in so.' });
  await expect(refused).rejects.toMatchObject({ code: 'unauthenticated', hint: 'Log in so.' });
  expect(count()).toBe(2);
});

it('ends at once with Ctrl-C, also while it waits', async () => {
  const stop = new AbortController();
  const { ask } = await answering((request, response) => {
    stop.abort();
    problem(503, 'registry-unavailable')(request, response);
  });
  const refused = ask({ signal: stop.signal, pauseMs: 60_000 });
  await expect(refused).rejects.toMatchObject({ code: 'interrupted' });
});

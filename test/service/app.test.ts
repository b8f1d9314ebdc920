import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { may, ROLES } from '../../src/model/role.ts';
import { currentEpoch } from '../../src/service/store/epoch.ts';
import { createOperation } from '../../src/service/store/operations.ts';
import { rotateSecret, setPrincipalState } from '../../src/service/store/principals.ts';
import { buildApp } from '../../src/service/app.ts';
import { createLog } from '../../src/service/http/log.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let admin: TestMember;

beforeAll(async () => {
  rig = await ServiceRig.start();
  admin = await rig.member(['account-admin'], { kind: 'user' });
});
afterAll(() => rig[Symbol.asyncDispose]());

const problem = (response: { json(): unknown }): Record<string, unknown> =>
  response.json() as Record<string, unknown>;

describe('a problem document', () => {
  it('has every member, and its own content type', async () => {
    const response = await rig.app.inject({ url: '/v1/nothing?token=x' });
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(problem(response)).toEqual({
      type: 'urn:keyline:problem:route-unknown',
      title: expect.any(String) as string,
      status: 404,
      detail: expect.any(String) as string,
      instance: '/v1/nothing',
      code: 'route-unknown',
      retryable: false,
      requestId: response.headers['x-request-id'],
    });
  });

  it.each([
    ['unknown field', { name: 'A', nmae: 'B' }, '/nmae', 'unknown-field'],
    ['wrong type', { name: 7 }, '/name', 'wrong-type'],
    [
      'text that only looks like a truth value',
      { isReceiving: 'true' },
      '/isReceiving',
      'wrong-type',
    ],
    ['text that is too long', { name: 'x'.repeat(129) }, '/name', 'too-long'],
  ])('points at a field: %s', async (_, body, pointer, code) => {
    const headers = { ...admin.headers, 'if-match': '"1"' };
    const response = await rig.app.inject({ method: 'PATCH', url: '/v1/account', headers, body });
    expect(response.statusCode).toBe(422);
    const { errors } = problem(response);
    expect(errors).toContainEqual({ pointer, code, detail: expect.any(String) as string });
  });

  it.each([
    ['{"name":', 'application/json', 400, 'request-malformed'],
    ['{"__proto__":{"a":1}}', 'application/json', 400, 'request-malformed'],
    ['<name/>', 'application/xml', 415, 'media-type-unsupported'],
    [`{"name":"${'x'.repeat(1024 * 1024)}"}`, 'application/json', 413, 'request-too-large'],
  ])('says of a body %.12s that it is none', async (body, type, status, code) => {
    const headers = { ...admin.headers, 'if-match': '"1"', 'content-type': type };
    const response = await rig.app.inject({ method: 'PATCH', url: '/v1/account', headers, body });
    expect([response.statusCode, problem(response)['code']]).toEqual([status, code]);
  });

  it('says nothing of the cause of a 500, which is in the log under the request id, masked', async () => {
    const secret = `kc_${'s'.repeat(43)}`;
    const log = createLog({ write: (line) => void rig.logged.push(line) });
    const options = { log, metrics: rig.metrics, version: '0' };
    const store = Object.create(rig.store, {
      ping: { value: () => Promise.reject(new TypeError(`row ${secret} is bad`)) },
    }) as typeof rig.store;
    const app = await buildApp({ ...rig.service, store }, options);
    const response = await app.inject({ url: '/readyz' });
    await app.close();
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('row');
    const id = String(response.headers['x-request-id']);
    const line = rig.logged.find((one) => one.includes(id) && one.includes('TypeError'));
    expect(line).toContain('row [secret] is bad');
    expect(JSON.parse(line ?? '')).toHaveProperty('problem', 'registry-failed');
  });
});

describe('a token', () => {
  const ask = (clientId: string, clientSecret: string) =>
    rig.app.inject({
      method: 'POST',
      url: '/v1/token',
      body: { grantType: 'client_credentials', clientId, clientSecret },
    });

  it('is given for client credentials, and is for that account', async () => {
    const member = await rig.member(['account-admin']);
    const response = await ask(member.principalId, member.clientSecret);
    const { accessToken } = response.json<{ accessToken: string }>();
    const headers = { authorization: `Bearer ${accessToken}` };
    const account = await rig.app.inject({ url: '/v1/account', headers });
    expect(account.json()).toMatchObject({ id: member.accountId });
  });

  it.each([
    ['an unknown client', () => [`pr_${'0'.repeat(26)}`, admin.clientSecret]],
    ['another secret', () => [admin.principalId, `kc_${'0'.repeat(43)}`]],
    ['a user', () => [admin.principalId, admin.clientSecret]],
  ])('is not given to %s, in the same words', async (_, credentials) => {
    const [id = '', secret = ''] = credentials();
    const response = await ask(id, secret);
    expect(response.statusCode).toBe(401);
    const { code, detail } = problem(response);
    expect([code, detail]).toEqual(['unauthenticated', 'no valid token or proof was given']);
  });

  const stands = async ({ headers }: TestMember): Promise<number> =>
    (await rig.app.inject({ url: '/v1/account', headers })).statusCode;

  it('ends with its hour', async () => {
    const member = await rig.member(['account-admin']);
    const before = rig.clock.ms;
    rig.clock.ms += 3_599_999;
    expect(await stands(member)).toBe(200);
    rig.clock.ms += 1;
    expect(await stands(member)).toBe(401);
    rig.clock.ms = before;
  });

  it.each(['rotated', 'disabled', 'ended'])('ends at once when its holder is %s', async (how) => {
    const member = await rig.member(['account-admin']);
    const where = { id: member.principalId, accountId: member.accountId };
    if (how === 'ended') {
      const { headers } = member;
      await rig.app.inject({ method: 'DELETE', url: '/v1/token', headers });
    } else {
      await rig.store.change(ORIGIN, (change) =>
        how === 'rotated'
          ? rotateSecret(change, where, 'sha256$other')
          : setPrincipalState(change, where, 'disabled'),
      );
    }
    expect(await stands(member)).toBe(401);
  });

  it('is nowhere in the database or the log', async () => {
    const member = await rig.member(['account-admin']);
    await stands(member);
    const rows = await rig.store.reader.selectFrom('sessions').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(member.token);
    expect(rig.logged.join('')).not.toContain(member.token);
  });
});

describe('every route', () => {
  it('says whom it is for, and answers exactly those, for every role', async () => {
    const accountId = await rig.account();
    const routes = rig.app.routeEntries.filter(({ url }) => url.startsWith('/v1/'));
    expect(routes.length).toBeGreaterThan(5);
    for (const role of ROLES) {
      for (const kind of ['user', 'system'] as const) {
        const member = await rig.member([role], { accountId, kind });
        for (const { method, url, access } of routes) {
          if (method === 'DELETE' && url === '/v1/token') continue; // it ends the token
          const path = url.replace(/:\w+/g, 'xx');
          const { headers } = member;
          const response = await rig.app.inject({ method: method as 'GET', url: path, headers });
          const isFor =
            access === 'anyone' ||
            access === 'member' ||
            (access !== 'device' && may({ kind, roles: [role] }, access));
          const refused = [401, 403].includes(response.statusCode);
          expect([role, kind, method, url, !refused]).toEqual([role, kind, method, url, isFor]);
        }
      }
    }
  });

  it('answers 401 without a token, with a made-up one and with a broken header', async () => {
    const routes = rig.app.routeEntries.filter(({ access }) => access !== 'anyone');
    for (const authorization of ['', `Bearer kt_${'A'.repeat(43)}`, 'Basic YTpi', 'Bearer']) {
      for (const { method, url } of routes) {
        const headers = authorization === '' ? {} : { authorization };
        const request = { method: method as 'GET', url: url.replace(/:\w+/g, 'xx'), headers };
        const response = await rig.app.inject(request);
        expect([method, url, response.statusCode]).toEqual([method, url, 401]);
        expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
      }
    }
  });

  it('stops the application from starting when it does not say whom it is for', async () => {
    const log = createLog({ write: () => undefined });
    const moreRoutes = (app: typeof rig.app): void => {
      app.get('/v1/silent', () => 1);
    };
    const building = buildApp(rig.service, { log, metrics: rig.metrics, version: '0', moreRoutes });
    await expect(building).rejects.toThrow('/v1/silent');
  });

  it('is in the description, which is OpenAPI 3.1 with closed bodies', async () => {
    const response = await rig.app.inject({ url: '/openapi.json' });
    const document = response.json<{
      openapi: string;
      paths: Record<string, Record<string, { requestBody?: unknown; responses: object }>>;
    }>();
    expect(document.openapi).toBe('3.1.0');
    for (const { method, url } of rig.app.routeEntries) {
      const path = document.paths[url.replace(/:(\w+)/g, '{$1}')];
      const operation = path?.[method.toLowerCase()];
      expect([url, Object.keys(operation?.responses ?? {})]).toEqual([
        url,
        expect.arrayContaining(['default']) as string[],
      ]);
      const body = JSON.stringify(operation?.requestBody ?? {});
      if (body !== '{}') expect(body).toContain('"additionalProperties":false');
    }
    expect(response.body).not.toContain('"~');
  });
});

describe('a change of a resource', () => {
  it('needs the ETag that it was decided on', async () => {
    const { headers } = await rig.member(['account-admin'], { kind: 'user' });
    const patch = (etag?: string) =>
      rig.app.inject({
        method: 'PATCH',
        url: '/v1/account',
        headers: { ...headers, ...(etag !== undefined && { 'if-match': etag }) },
        body: { name: 'B' },
      });
    expect(problem(await patch())['code']).toBe('precondition-required');
    const { etag } = (await rig.app.inject({ url: '/v1/account', headers })).headers;
    expect(etag).toBe('"1"');
    const changed = await patch('"1"');
    expect([changed.statusCode, changed.headers.etag]).toEqual([200, '"2"']);
    for (const stale of ['"1"', 'W/"2"', '*', '2', '"2", "3"']) {
      expect((await patch(stale)).statusCode).toBe(412);
    }
  });
});

describe('a list', () => {
  it('is cut by cursors that lead through it once, and to its end', async () => {
    const member = await rig.member(['account-admin']);
    const { accountId, headers } = member;
    for (let n = 0; n < 5; n++) {
      const wanted = { accountId, kind: 'test.page', subject: accountId, total: n };
      await rig.store.change(ORIGIN, (change) => createOperation(change, wanted));
      rig.clock.ms += 1;
    }
    const totals: number[] = [];
    let url: string | undefined = '/v1/operations?limit=2';
    let pages = 0;
    while (url !== undefined) {
      const response = await rig.app.inject({ url, headers });
      const page = response.json<{ items: { total: number }[]; next?: string }>();
      totals.push(...page.items.map(({ total }) => total));
      const link = response.headers['link'] as string | undefined;
      expect(link !== undefined).toBe(page.next !== undefined);
      url = link === undefined ? undefined : /^<(.*)>; rel="next"$/.exec(link)?.[1];
      pages++;
    }
    expect([totals, pages]).toEqual([[4, 3, 2, 1, 0], 3]);
  });

  it.each(['0', 'AAAA', Buffer.from('["op_1"]').toString('base64url')])(
    'refuses the cursor %s, which it did not give',
    async (cursor) => {
      const { headers } = admin;
      const response = await rig.app.inject({ url: `/v1/operations?cursor=${cursor}`, headers });
      expect(problem(response)['code']).toBe('cursor-invalid');
    },
  );

  it('refuses the cursor of another account', async () => {
    const [one, two] = [await rig.member(['account-admin']), await rig.member(['account-admin'])];
    const { accountId } = one;
    for (let n = 0; n < 2; n++) {
      const wanted = { accountId, kind: 'test.page', subject: accountId, total: n };
      await rig.store.change(ORIGIN, (change) => createOperation(change, wanted));
    }
    const page = await rig.app.inject({ url: '/v1/operations?limit=1', headers: one.headers });
    const { next } = page.json<{ next: string }>();
    const url = `/v1/operations?limit=1&cursor=${next}`;
    expect((await rig.app.inject({ url, headers: one.headers })).statusCode).toBe(200);
    expect((await rig.app.inject({ url, headers: two.headers })).statusCode).toBe(422);
  });

  it.each(['0', '1001', '1.5', '+1', '1e2', ''])('refuses the limit %j', async (limit) => {
    const { headers } = admin;
    const response = await rig.app.inject({ url: `/v1/operations?limit=${limit}`, headers });
    expect(response.statusCode).toBe(422);
  });
});

describe('a request that changes something', () => {
  let calls = 0;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let app: typeof rig.app;
  beforeAll(async () => {
    const log = createLog({ write: () => undefined });
    const options = {
      log,
      metrics: rig.metrics,
      version: '0',
      moreRoutes: (on: typeof rig.app) => {
        const body = Type.Object({ n: Type.Integer() }, { additionalProperties: false });
        on.post(
          '/v1/test/things',
          { config: { access: 'member' }, schema: { body } },
          (request, reply) =>
            on.repeatable.answer(request, reply, async (change) => {
              calls++;
              if (request.body.n === 99) await released;
              if (request.body.n === 13) throw new Error('stop');
              change.wake('test');
              const isSecret = request.body.n === 7;
              const headers = { etag: '"1"' };
              return { status: 201, body: { call: calls }, headers, isSecret };
            }),
        );
      },
    };
    app = await buildApp(rig.service, options);
  });
  afterAll(() => app.close());
  let keys = 0;
  const newKey = (): string => `key-number-${keys++}`;
  const post = (n: number, key: string | undefined, { headers } = admin) =>
    app.inject({
      method: 'POST',
      url: '/v1/test/things',
      headers: { ...headers, ...(key !== undefined && { 'idempotency-key': key }) },
      body: { n },
    });

  it('is carried out once, and answered alike when it is repeated', async () => {
    const key = newKey();
    const first = await post(1, key);
    const again = await post(1, key);
    expect(again.body).toBe(first.body);
    expect([again.statusCode, again.headers.etag]).toEqual([201, '"1"']);
    expect([first, again].map(({ headers }) => headers['idempotent-replay'])).toEqual([
      undefined,
      'true',
    ]);
  });

  it('needs a key that can be one', async () => {
    for (const key of [undefined, 'short', 'with a space', 'x'.repeat(129)]) {
      expect(problem(await post(1, key))['code']).toBe('idempotency-key-missing');
    }
  });

  it('is refused with the key of another request, and not with the same key of another principal', async () => {
    const key = newKey();
    await post(1, key);
    expect(problem(await post(2, key))['code']).toBe('idempotency-mismatch');
    const other = await rig.member(['account-admin']);
    expect((await post(2, key, other)).statusCode).toBe(201);
  });

  it('can be repeated after it failed', async () => {
    const key = newKey();
    expect((await post(13, key)).statusCode).toBe(500);
    const before = calls;
    await post(13, key);
    expect(calls).toBe(before + 1);
  });

  it('says so where the answer held a secret', async () => {
    const key = newKey();
    expect((await post(7, key)).statusCode).toBe(201);
    const again = await post(7, key);
    expect([again.statusCode, problem(again)['code']]).toEqual([409, 'already-issued']);
  });

  it('tells a repetition that comes meanwhile to wait', async () => {
    const key = newKey();
    const both = [post(99, key), post(99, key)];
    const refused = await Promise.race(both); // the other waits to be released
    expect([refused.statusCode, problem(refused)['code']]).toEqual([409, 'idempotency-in-flight']);
    expect(refused.headers['retry-after']).toBe('2');
    expect(problem(refused)['retryable']).toBe(true);
    release();
    const codes = (await Promise.all(both)).map(({ statusCode }) => statusCode);
    expect(codes.sort()).toEqual([201, 409]);
  });
});

describe('the feed', () => {
  const record = ({ accountId }: TestMember, type: string) =>
    rig.store.change(ORIGIN, (change) => {
      change.record({ accountId, type, subject: accountId });
      return Promise.resolve();
    });
  interface Page {
    readonly items: readonly { readonly id: string; readonly type: string }[];
    readonly next: string;
  }
  const page = async ({ headers }: TestMember, query: string): Promise<Page> =>
    (await rig.app.inject({ url: `/v1/events?${query}`, headers })).json<Page>();

  it('goes on where it was left, and shows nobody another account’s', async () => {
    const member = await rig.member(['auditor']);
    const start = await page(member, 'after=0&limit=2');
    const made = ['account.created', 'account.owner-key-made'];
    expect(start.items.map(({ type }) => type)).toEqual(made);
    await record(member, 'test.one');
    await record(admin, 'test.foreign');
    const rest = await page(member, `after=${start.next}`);
    expect(rest.items.map(({ type }) => type)).toEqual(['principal.created', 'test.one']);
    expect(await page(member, `after=${rest.next}`)).toEqual({ items: [], next: rest.next });
  });

  it.each([
    ['of another history', (_epoch: string) => `${'0'.repeat(16)}-1`],
    ['ahead of it', (epoch: string) => `${epoch}-999999`],
  ])('says that a position is %s', async (_, position) => {
    const { headers } = admin;
    const after = position(await currentEpoch(rig.store.reader));
    const response = await rig.app.inject({ url: `/v1/events?after=${after}`, headers });
    expect([response.statusCode, problem(response)['code']]).toEqual([410, 'cursor-gone']);
  });

  it('streams what comes, from the last id on, and ends when the token does', async () => {
    const member = await rig.member(['auditor']);
    await rig.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = rig.app.server.address() as AddressInfo;
    const { next } = await page(member, 'after=0');
    const headers = {
      ...member.headers,
      accept: 'text/event-stream',
      'last-event-id': next,
    };
    const response = await new Promise<IncomingMessage>((resolve) => {
      get({ host: '127.0.0.1', port, path: '/v1/events', headers }, resolve);
    });
    expect(response.headers['content-type']).toBe('text/event-stream');
    response.setEncoding('utf8');
    await record(member, 'test.streamed');
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (text.includes('test.streamed') && text.endsWith('\n\n')) {
        const where = { id: member.principalId, accountId: member.accountId };
        await rig.store.change(ORIGIN, (change) => setPrincipalState(change, where, 'disabled'));
      }
    }
    expect(text).toMatch(/^id: \w{16}-4\nevent: test\.streamed\ndata: \{.*\}\n\n$/);
  });
});

describe('limits', () => {
  it('hold one holder back, not the others, and say when to come back', async () => {
    await using small = await ServiceRig.start({ principalPerMinute: 3 });
    const [one, two] = [await small.member(['auditor']), await small.member(['auditor'])];
    const ask = async ({ headers }: TestMember) =>
      small.app.inject({ url: '/v1/account', headers });
    for (let n = 0; n < 3; n++) expect((await ask(one)).statusCode).toBe(200);
    const refused = await ask(one);
    expect([refused.statusCode, problem(refused)['code']]).toEqual([429, 'rate-limited']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask(two)).statusCode).toBe(200);
  });

  it('hold back an address that has no token', async () => {
    await using small = await ServiceRig.start({ addressPerMinute: 2 });
    const ask = () => small.app.inject({ url: '/v1/account' });
    const codes = [await ask(), await ask(), await ask()].map(({ statusCode }) => statusCode);
    expect(codes).toEqual([401, 401, 429]);
  });
});

describe('health', () => {
  it('is ready until the process is to end', async () => {
    await using other = await ServiceRig.start();
    expect((await other.app.inject({ url: '/readyz' })).statusCode).toBe(200);
    other.close();
    const response = await other.app.inject({ url: '/readyz' });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    expect((await other.app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  it('counts by the pattern of a route, never by what was asked', () => {
    const text = rig.metrics.render();
    expect(text).toContain('keyline_http_requests_total{method="GET",route="/v1/operations/:id"');
    expect(text).toMatch(/^keyline_http_request_seconds_bucket\{.*le="\+Inf"\} \d+$/m);
    expect(text).not.toContain('/v1/nothing');
  });
});

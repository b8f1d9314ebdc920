import { createHash, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken } from '../../src/service/auth/sessions.ts';
import { MasterKey } from '../../src/service/keys/master-key.ts';
import { findAccount } from '../../src/service/store/accounts.ts';
import { removeExpired } from '../../src/service/store/idempotency.ts';
import { createOperation, takeOperation } from '../../src/service/store/operations.ts';
import { checkAudit, eventsAfter } from '../../src/service/store/feed.ts';
import { transferTurn } from '../../src/service/transfer-worker.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { endpointKey, Owner, sealRows } from './sealed-upload.ts';
import type { SealedLot, SealedRows } from './sealed-upload.ts';

const ORIGIN = { actor: 'registry' } as const;
const DAY_MS = 24 * 3_600_000;

interface Party extends TestMember {
  readonly handle: string;
}
type Answer = Awaited<ReturnType<ServiceRig['app']['inject']>>;
interface BodySchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
  readonly anyOf?: readonly BodySchema[];
}
interface Described {
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: BodySchema }>> };
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly schema: { readonly type?: string };
  }[];
}

describe('bad input gets the problem that fits, and changes nothing:', () => {
  let rig: ServiceRig;
  let oem: Party;
  let customer: Party;
  let owner: Owner;
  let lot: SealedLot;
  let rows: SealedRows;
  let uploadId: string;
  let deviceToken: string;
  let routes: { method: string; url: string; described: Described }[];

  const party = async (): Promise<Party> => {
    const member = await rig.member(['account-admin', 'platform-admin'], { kind: 'user' });
    const { handle = '' } = (await findAccount(rig.store.reader, member.accountId)) ?? {};
    return { ...member, handle };
  };
  const send = (
    as: Party | undefined,
    method: string,
    url: string,
    body?: object | string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    rig.app.inject({
      ...{ method: method as 'POST', url, ...(body !== undefined && { body }) },
      headers: {
        ...{ ...as?.headers, 'idempotency-key': randomUUID(), 'if-match': '"1"' },
        ...(typeof body === 'string' && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  const post = (as: Party, url: string, body: object = {}) => send(as, 'POST', url, body);
  const part = (body: Buffer, headers: Record<string, string> = {}, id = uploadId) =>
    send(oem, 'PUT', `/v1/uploads/${id}/parts/0`, body, {
      ...{ 'content-type': 'text/csv', ...headers },
    });

  /** SHA-256 over every row of every table, those aside of what was answered to whom. */
  const digest = async (): Promise<string> => {
    const hash = createHash('sha256');
    for (const { name: table } of await rig.store.reader.introspection.getTables()) {
      if (table === 'idempotency') continue;
      const all = await rig.store.reader
        .selectFrom(table as 'devices')
        .selectAll()
        .execute();
      const texts = all.map((row) => JSON.stringify(row));
      hash.update(`${table}\n${texts.sort().join('\n')}\n`);
    }
    return hash.digest('hex');
  };
  const refused = async (
    [status, code]: readonly [number, string],
    work: () => Promise<Answer>,
  ): Promise<Answer> => {
    const before = await digest();
    const answer = await work();
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    const problem = answer.json<{ code: string; status: number; requestId: string }>();
    expect([answer.statusCode, problem.status, problem.code]).toEqual([status, status, code]);
    expect(problem.requestId).toBe(answer.headers['x-request-id']);
    expect(await digest()).toBe(before);
    return answer;
  };
  const proofOf = async (as: Party, by: Owner): Promise<object> => {
    const given = await post(as, '/v1/provisioning-keys/nonce');
    const { nonce } = given.json<{ nonce: string }>();
    const expiresAt = new Date(rig.clock.ms + 60_000).toISOString().replace('.000', '');
    const names = { registry: 'https://registry.test', account: as.handle, expiresAt };
    return { proof: await by.prove({ nonce, ...names }) };
  };
  const begin = async (sealed: SealedRows, of = lot): Promise<Answer> => {
    await post(oem, '/v1/lots', { descriptor: of.descriptor });
    const body = { kind: 'planned', seal: sealed.seal };
    return post(oem, `/v1/lots/${of.lot.lotId}/uploads`, body);
  };
  const register = (as: Party, of: SealedLot, devices: object[]): Promise<Answer> =>
    post(as, `/v1/lots/${of.lot.lotId}/devices`, { provisioning: 'verified', devices });
  const unit = (index: number, of = lot) => ({
    ...{ index, serial: serialOf(of, index), endpointKey: endpointKey(index, of.lot.lotId) },
  });
  const idOf = async (index: number): Promise<string> =>
    (await send(oem, 'GET', `/v1/devices/${serialOf(lot, index)}`)).json<{ id: string }>().id;
  const offer = (as: Party, to: string, ids: readonly string[], more: object = {}) =>
    post(as, '/v1/transfers', { to, devices: { ids }, ...more });

  beforeAll(async () => {
    rig = await ServiceRig.start();
    oem = await party();
    customer = await party();
    owner = await Owner.create();
    const proof = await proofOf(oem, owner);
    expect((await post(oem, '/v1/provisioning-keys', proof)).statusCode).toBe(201);
    lot = await owner.lot(20);
    rows = await sealRows(lot, { from: 0, count: 20 });
    uploadId = (await begin(rows)).json<{ id: string }>().id;
    const made = await register(
      oem,
      lot,
      [0, 1, 2, 3, 4, 5].map((n) => unit(n)),
    );
    expect(made.json<{ outcomes: object[] }>().outcomes).toHaveLength(6);
    const deviceId = await idOf(5);
    deviceToken = await rig.store.change(ORIGIN, async (change) => {
      return (await issueToken(change, { accountId: oem.accountId, deviceId })).token;
    });
    const { paths } = rig.app.swagger() as unknown as {
      paths: Record<string, Record<string, Described>>;
    };
    routes = Object.entries(paths).flatMap(([url, methods]) =>
      Object.entries(methods).map(([method, described]) => ({
        ...{ method: method.toUpperCase(), described },
        url: url.replace(/\{\w+\}/g, 'xxx'),
      })),
    );
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  /** Who gets as far as the body. */
  const callerOf = (url: string): Party =>
    url.startsWith('/v1/device/')
      ? { ...oem, headers: { authorization: `Bearer ${deviceToken}` } }
      : oem;
  const changing = () => routes.filter(({ method }) => method !== 'GET');

  it('unknown fields', async () => {
    expect(changing().length).toBeGreaterThan(30);
    for (const { method, url, described } of changing()) {
      if (url.includes('/parts/')) continue; // it takes no JSON
      const answer = await refused([422, 'request-invalid'], () =>
        send(callerOf(url), method, url, { 'made-up~/': 1 }),
      );
      const { errors } = answer.json<{ errors: { pointer: string; code: string }[] }>();
      const { anyOf } = described.requestBody?.content['application/json']?.schema ?? {};
      // Of two alternatives either may have been meant: what both miss is said instead.
      const pointer = anyOf ? '' : '/made-up~0~1';
      expect([method, url, errors.map((error) => error.pointer)]).toEqual([
        ...[method, url, expect.arrayContaining([pointer]) as string[]],
      ]);
    }
  }, 120_000);

  it('wrong types', async () => {
    for (const { method, url, described } of changing()) {
      const schema = described.requestBody?.content['application/json']?.schema;
      if (!schema) continue;
      for (const text of ['[]', '7', '"text"', 'null']) {
        await refused([422, 'request-invalid'], () => send(callerOf(url), method, url, text));
      }
      for (const [field, { type }] of fieldsOf(schema)) {
        const wrong = type === 'object' || type === undefined ? 7 : { wrong: [1] };
        const answer = await refused([422, 'request-invalid'], () =>
          send(callerOf(url), method, url, { [field]: wrong }),
        );
        expect([method, url, field, answer.json<{ errors: object[] }>().errors.length > 0]).toEqual(
          [...[method, url, field, true]],
        );
      }
    }
    for (const { method, url, described } of routes) {
      for (const { name: field, schema, in: place } of described.parameters ?? []) {
        if (place !== 'query' || schema.type !== 'integer') continue;
        const asked = `${url}?${field}=1.5`;
        await refused([422, 'request-invalid'], () => send(callerOf(url), method, asked));
      }
    }
  }, 120_000);

  it('bodies that are no JSON, or of another type', async () => {
    for (const [text, type, status, code] of [
      ['{"from":', 'application/json', 400, 'request-malformed'],
      ['{"__proto__":{}}', 'application/json', 400, 'request-malformed'],
      ['<from/>', 'application/xml', 415, 'media-type-unsupported'],
    ] as const) {
      await refused([status, code], () =>
        send(oem, 'POST', '/v1/standing-approvals', text, { 'content-type': type }),
      );
    }
  });

  it('oversize bodies and rows', async () => {
    const large = `{"from":"${'x'.repeat(1024 * 1024)}"}`;
    await refused([413, 'request-too-large'], () =>
      send(oem, 'POST', '/v1/standing-approvals', large),
    );
    const values = { note: 'x'.repeat(33 * 1024) };
    await refused([413, 'request-too-large'], () =>
      send(oem, 'PUT', '/v1/templates/M7', { trustAnchors: [], values }),
    );
    const row = Buffer.from(`${'a'.repeat(65_537)}\n`);
    await refused([413, 'request-too-large'], () => part(row));
    const ids = Array.from({ length: 100_001 }, () => `dv_${'0'.repeat(26)}`);
    await refused([422, 'request-invalid'], () => offer(oem, customer.handle, ids));
  }, 60_000);

  it('bytes where JSON belongs, and more fields than anybody could name', async () => {
    for (const { method, url } of changing()) {
      if (url.includes('/parts/')) continue;
      const headers = { 'content-type': 'text/csv' };
      await refused([415, 'media-type-unsupported'], () =>
        send(callerOf(url), method, url, '\0'.repeat(512), headers),
      );
    }
    const crowd = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`f${n}`, 1]));
    const answer = await refused([422, 'request-invalid'], () =>
      send(oem, 'POST', '/v1/standing-approvals', crowd),
    );
    expect(answer.json<{ errors: unknown[] }>().errors.length).toBe(1);
  }, 60_000);

  it('a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024, 'a\n'));
    expect(bomb.length).toBeLessThan(200_000);
    await refused([413, 'request-too-large'], () => part(bomb, { 'content-encoding': 'gzip' }));
  }, 60_000);

  it('a truncated part, a changed part, and another content of a part that is there', async () => {
    const [chunk] = rows.chunks as [Buffer];
    const changed = Buffer.from(chunk.toString().replace('\n3,', '\n4,'));
    const gzip = { 'content-encoding': 'gzip' };
    await refused([422, 'part-mismatch'], () => part(chunk.subarray(0, -1)));
    await refused([422, 'part-mismatch'], () => part(gzipSync(chunk).subarray(0, -9), gzip));
    await refused([422, 'part-mismatch'], () => part(changed));
    await refused([409, 'upload-incomplete'], () => post(oem, `/v1/uploads/${uploadId}/commit`));
    expect((await part(chunk)).statusCode).toBe(200);
    await refused([409, 'part-conflict'], () => part(changed));
    await refused([404, 'object-unknown'], () =>
      send(oem, 'PUT', `/v1/uploads/${uploadId}/parts/1`, chunk, { 'content-type': 'text/csv' }),
    );
  });

  it('a seal of another key', async () => {
    const forged = await sealRows({ ...lot, owner: await Owner.create() }, { from: 0, count: 20 });
    await refused([422, 'signature-invalid'], () => begin(forged));
    const text = `${rows.seal.slice(0, -8)}AAAAAAAA`;
    await refused([422, 'signature-invalid'], () => begin({ ...rows, seal: text }));
  });

  it('a key that another account holds', async () => {
    const proof = await proofOf(customer, owner);
    const answer = await refused([409, 'key-taken'], () =>
      post(customer, '/v1/provisioning-keys', proof),
    );
    expect(answer.body).not.toContain(oem.handle);
    expect(answer.body).not.toContain(oem.accountId);
    for (const of of [lot, await owner.lot(5)]) {
      await refused([404, 'object-unknown'], () =>
        post(customer, '/v1/lots', { descriptor: of.descriptor }),
      );
    }
  });

  it('a count that does not match', async () => {
    const range = { from: 0, count: 20 };
    const count = await sealRows(lot, range, { seal: { count: 19 } });
    await refused([422, 'signature-invalid'], () => begin(count));
    const chunks = await sealRows(lot, range, {
      seal: { chunks: ['0'.repeat(64), '1'.repeat(64)] },
    });
    await refused([422, 'signature-invalid'], () => begin(chunks));
    const beyond = await sealRows(
      lot,
      { from: 19, count: 1 },
      { seal: { ranges: [{ from: 19, count: 2 }], count: 2 } },
    );
    await refused([422, 'signature-invalid'], () => begin(beyond));
    // The seal holds together, but the rows that it seals are fewer, or more.
    const other = await owner.lot(20);
    for (const rowsOf of [19, 20]) {
      const claimed = rowsOf === 19 ? 20 : 19;
      const sealed = await sealRows(
        other,
        { from: 0, count: rowsOf },
        {
          seal: { ranges: [{ from: 0, count: claimed }], count: claimed },
        },
      );
      const { id } = (await begin(sealed, other)).json<{ id: string }>();
      const [chunk] = sealed.chunks as [Buffer];
      await refused([422, 'part-mismatch'], () => part(chunk, {}, id));
      const gzip = { 'content-encoding': 'gzip' };
      await refused([422, 'part-mismatch'], () => part(gzipSync(chunk), gzip, id));
    }
  });

  it('a device that this account has registered: unchanged, or a conflict', async () => {
    const before = await digest();
    const { serial } = unit(0);
    const answer = await register(oem, lot, [
      unit(0),
      { ...unit(0), claimDigest: 'f'.repeat(64) },
      { ...unit(1), endpointKey: endpointKey(99) },
      { ...unit(1), serial },
    ]);
    expect(answer.json()).toMatchObject({
      outcomes: [
        { outcome: 'unchanged' },
        // What was left out the first time is no contradiction.
        { outcome: 'unchanged' },
        { outcome: 'conflict' },
        { outcome: 'invalid' },
      ],
    });
    expect(await digest()).toBe(before);
  });

  it('a device of another account: a conflict, and no word about whose', async () => {
    // Accepted there, it is the customer's, with the credential of the lot.
    const id = await idOf(4);
    const { id: transfer } = (await offer(oem, customer.handle, [id])).json<{ id: string }>();
    await post(customer, `/v1/transfers/${transfer}/decision`, { default: 'accept' });
    const before = await digest();
    const answer = await register(oem, lot, [unit(4)]);
    expect(answer.json()).toEqual({ outcomes: [{ outcome: 'conflict' }] });
    expect(await digest()).toBe(before);
    await refused([404, 'object-unknown'], () => register(customer, lot, [unit(4)]));
  });

  it('a transfer of a device that is not the source’s, to a handle that does not exist, or to itself', async () => {
    const [own, foreign] = [await idOf(0), `dv_${'0'.repeat(26)}`];
    const theirs = (await send(customer, 'GET', `/v1/devices/${serialOf(lot, 4)}`)).json<{
      id: string;
    }>().id;
    const details = new Set<string>();
    for (const id of [foreign, theirs]) {
      const answer = await refused([404, 'object-unknown'], () =>
        offer(oem, customer.handle, [own, id]),
      );
      details.add(answer.json<{ detail: string }>().detail.replace(id, ''));
    }
    expect(details.size).toBe(1);
    const closed = await party();
    await send(closed, 'PATCH', '/v1/account', { isReceiving: false });
    const words = new Set<string>();
    for (const to of ['nobody-at-all', closed.handle, oem.handle]) {
      const answer = await refused([404, 'object-unknown'], () => offer(oem, to, [own]));
      words.add(answer.json<{ detail: string }>().detail);
    }
    expect(words.size).toBe(1);
  });

  it('a transfer decided twice, or by whoever it is not for', async () => {
    const id = await idOf(1);
    const { id: transfer } = (await offer(oem, customer.handle, [id])).json<{ id: string }>();
    const url = `/v1/transfers/${transfer}/decision`;
    const accept = { default: 'accept' };
    const stranger = await party();
    for (const as of [oem, stranger]) {
      await refused([404, 'object-unknown'], () => post(as, url, accept));
    }
    expect((await post(customer, url, { default: 'refuse' })).statusCode).toBe(200);
    await refused([409, 'transfer-already-decided'], () => post(customer, url, accept));
    const item = { items: [{ deviceId: id, decision: 'accept' }] };
    await refused([409, 'transfer-already-decided'], () => post(customer, url, item));
    await refused([409, 'transfer-already-decided'], () =>
      post(oem, `/v1/transfers/${transfer}/withdrawal`),
    );
    const stray = { items: [{ deviceId: await idOf(0), decision: 'accept' }] };
    await refused([404, 'object-unknown'], () => post(customer, url, stray));
  });

  it('an expired or foreign token', async () => {
    const elsewhere = `kt_${'A'.repeat(43)}`;
    const before = rig.clock.ms;
    for (const token of [elsewhere, oem.clientSecret, 'x'.repeat(300), deviceToken.slice(1)]) {
      const headers = { authorization: `Bearer ${token}` };
      const as = { ...oem, headers };
      await refused([401, 'unauthenticated'], () =>
        post(as, '/v1/standing-approvals', { from: customer.handle }),
      );
    }
    const asDevice = { ...oem, headers: { authorization: `Bearer ${deviceToken}` } };
    await refused([403, 'forbidden'], () =>
      post(asDevice, '/v1/standing-approvals', { from: customer.handle }),
    );
    rig.clock.ms += 3_600_000;
    await refused([401, 'unauthenticated'], () =>
      post(oem, '/v1/standing-approvals', { from: customer.handle }),
    );
    rig.clock.ms = before;
    const id = await idOf(0);
    await refused([404, 'object-unknown'], () => post(customer, `/v1/devices/${id}/retire`));
    await refused([404, 'object-unknown'], () => post(customer, `/v1/escrow/${id}/cancel`));
  });

  it('a cursor that is made up, of another account, of another list, or of another history', async () => {
    const lists = routes.filter(({ described }) =>
      described.parameters?.some(({ name: field }) => field === 'cursor'),
    );
    expect(lists.length).toBeGreaterThanOrEqual(7);
    const { id } = (await offer(oem, customer.handle, [await idOf(2)])).json<{ id: string }>();
    const next = async (as: Party): Promise<string> =>
      (await send(as, 'GET', '/v1/devices?limit=1')).json<{ next?: string }>().next ?? '';
    const own = await next(oem);
    expect(own.length).toBeGreaterThan(20);
    const forged = Buffer.concat([Buffer.alloc(16), Buffer.from('["S"]')]).toString('base64url');
    const otherKey = MasterKey.generate().key.mac('cursor', '/v1/devices', '["S"]');
    const other = Buffer.concat([otherKey.subarray(0, 16), Buffer.from('["S"]')]);
    const bent = `${own.slice(0, -2)}${own.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const { url } of lists) {
      const path = url.replace('xxx', id);
      for (const cursor of ['AAAA', '%00', forged, other.toString('base64url'), bent]) {
        await refused([422, 'cursor-invalid'], () => send(oem, 'GET', `${path}?cursor=${cursor}`));
      }
      if (path === '/v1/devices') continue;
      await refused([422, 'cursor-invalid'], () => send(oem, 'GET', `${path}?cursor=${own}`));
    }
    await refused([422, 'cursor-invalid'], () =>
      send(customer, 'GET', `/v1/devices?cursor=${own}`),
    );
    const { next: position } = (await send(oem, 'GET', '/v1/events')).json<{ next: string }>();
    for (const after of ['aaaaaaaaaaaaaaaa-1', position.replace(/-\d+$/, '-999999')]) {
      await refused([410, 'cursor-gone'], () => send(oem, 'GET', `/v1/events?after=${after}`));
    }
    await refused([422, 'request-invalid'], () => send(oem, 'GET', '/v1/events?after=made-up'));
  }, 60_000);

  describe('a clock that jumps', () => {
    it('ahead ends tokens, proofs and offers, which stay ended when it is put right', async () => {
      const before = rig.clock.ms;
      const id = await idOf(3);
      const { id: transfer } = (await offer(oem, customer.handle, [id])).json<{ id: string }>();
      const given = await post(customer, '/v1/provisioning-keys/nonce');
      const { nonce } = given.json<{ nonce: string }>();
      rig.clock.ms += 400 * DAY_MS;
      await refused([401, 'unauthenticated'], () => send(oem, 'GET', '/v1/account'));
      await transferTurn(rig.store, new AbortController().signal);
      while ((await rig.store.change(ORIGIN, (c) => removeExpired(c, 1_000))) > 0);
      rig.clock.ms = before;
      oem = await again(oem);
      customer = await again(customer);
      await refused([409, 'transfer-already-decided'], () =>
        post(customer, `/v1/transfers/${transfer}/decision`, { default: 'accept' }),
      );
      const proof = await (
        await Owner.create()
      ).prove({
        ...{ nonce, registry: 'https://registry.test', account: customer.handle },
        expiresAt: '2026-03-01T08:05:00Z',
      });
      await refused([422, 'proof-refused'], () =>
        post(customer, '/v1/provisioning-keys', { proof }),
      );
      expect((await offer(oem, customer.handle, [id])).statusCode).toBe(201);
    });

    it('back keeps the numbers of events and the chain whole, and makes no id twice', async () => {
      const { accountId } = oem;
      const last = (await eventsAfter(rig.store.reader, accountId, { after: 0, limit: 999 }))
        .length;
      const before = rig.clock.ms;
      const ids: string[] = [];
      try {
        for (const jump of [0, -DAY_MS, -DAY_MS, DAY_MS]) {
          rig.clock.ms = before + jump;
          const wanted = { accountId, kind: 'test.clock', subject: accountId, total: 1 };
          ids.push((await rig.store.change(ORIGIN, (c) => createOperation(c, wanted))).id);
        }
      } finally {
        rig.clock.ms = before;
      }
      expect(new Set(ids).size).toBe(4);
      const events = await eventsAfter(rig.store.reader, accountId, { after: last, limit: 99 });
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4].map((n) => last + n));
      expect(await checkAudit(rig.store.reader, accountId)).not.toHaveProperty('brokenAt');
      const listed = (await send(oem, 'GET', '/v1/operations')).json<{
        items: { id: string }[];
      }>();
      expect(new Set(listed.items.map(({ id }) => id))).toEqual(new Set(ids));
    });

    it('ahead takes an operation from its process, which is told so and changes nothing', async () => {
      const { accountId } = oem;
      const kind = 'test.lease';
      const wanted = { accountId, kind, subject: accountId, total: 1 };
      await rig.store.change(ORIGIN, (c) => createOperation(c, wanted));
      const take = () => rig.store.change(ORIGIN, (c) => takeOperation(c, kind));
      const first = await take();
      const before = rig.clock.ms;
      rig.clock.ms -= DAY_MS;
      expect(await take()).toBeUndefined();
      rig.clock.ms = before + 31_000;
      expect((await take())?.id).toBe(first?.id);
      rig.clock.ms = before;
    });
  });

  /** Someone whose token ended, with a new one. */
  async function again(of: Party): Promise<Party> {
    const { accountId, principalId } = of;
    const { token } = await rig.store.change(ORIGIN, (change) =>
      issueToken(change, { accountId, principalId, secretVersion: 1 }),
    );
    return { ...of, token, headers: { authorization: `Bearer ${token}` } };
  }
});

function serialOf({ lot }: SealedLot, index: number): string {
  return lot.serialTemplate.replace('{n:8}', String(lot.firstNumber + index).padStart(8, '0'));
}

function fieldsOf(schema: BodySchema): [string, { readonly type?: string }][] {
  return [schema, ...(schema.anyOf ?? [])].flatMap(({ properties = {} }) =>
    Object.entries(properties),
  );
}

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { findAccount } from '../../src/service/store/accounts.ts';
import { registerDevice } from '../../src/service/store/devices.ts';
import { transferTurn } from '../../src/service/transfer-worker.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';

const ORIGIN = { actor: 'registry' } as const;
let rig: ServiceRig;
let oem: Party;
let customer: Party;
let names = 0;

/** Someone who may do all in an account of their own. */
interface Party extends TestMember {
  readonly handle: string;
}
interface TransferAnswer {
  readonly id: string;
  readonly state: string;
  readonly items: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly leftOut?: number;
  readonly decidedBy?: string;
}
interface ItemAnswer {
  readonly deviceId: string;
  readonly state: string;
  readonly reason?: string;
}

const party = async (): Promise<Party> => {
  const member = await rig.member(['account-admin'], { kind: 'user' });
  const { handle = '' } = (await findAccount(rig.store.reader, member.accountId)) ?? {};
  return { ...member, handle };
};
const devices = (n: number, of = oem): Promise<string[]> =>
  rig.store.change(ORIGIN, async (change) => {
    const ids: string[] = [];
    for (let i = 0; i < n; i++) {
      const unit = names++;
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(0, unit);
      const made = await registerDevice(change, {
        ...{ accountId: of.accountId, serial: `S-${unit}`, lotId: `kl_${of.handle}` },
        ...{ lotIndex: unit, scheme: 'psk', provisioning: 'verified' },
        ...{ provisioningKey: 'kp_one', endpointKey: endpointKeyOf(bytes) },
      });
      if (made.outcome === 'conflict') throw new Error('a conflict');
      ids.push(made.device.id);
    }
    return ids;
  });
const post = (as: Party, url: string, body: object = {}, key: string = randomUUID()) =>
  rig.app.inject({
    ...{ method: 'POST', url, body },
    headers: { ...as.headers, 'idempotency-key': key },
  });
const read = (as: Party, url: string) => rig.app.inject({ url, headers: as.headers });
const offer = (offered: object, more: object = {}, as = oem, to = customer) =>
  post(as, '/v1/transfers', { to: to.handle, devices: offered, ...more });
const offered = async (ids: readonly string[]): Promise<string> =>
  (await offer({ ids })).json<TransferAnswer>().id;
const itemsOf = async (id: string, as = oem): Promise<Record<string, ItemAnswer>> => {
  const page = (await read(as, `/v1/transfers/${id}/items`)).json<{ items: ItemAnswer[] }>();
  return Object.fromEntries(page.items.map((item) => [item.deviceId, item]));
};
const said = (response: { readonly statusCode: number; json(): unknown }) => {
  const { code, detail } = response.json() as { code?: string; detail?: string };
  return [response.statusCode, code, detail] as const;
};
const codeOf = (response: Parameters<typeof said>[0]) => said(response).slice(0, 2);
const DECIDED = [409, 'transfer-already-decided'];

beforeAll(async () => {
  rig = await ServiceRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());
beforeEach(async () => {
  oem = await party();
  customer = await party();
});

describe('an offer', () => {
  it('is decided in part, with reasons, and the rest of it later', async () => {
    const [yes = '', no = '', later = ''] = await devices(3);
    const id = await offered([yes, no, later]);
    const url = `/v1/transfers/${id}/decision`;
    const part = await post(customer, url, {
      items: [
        { deviceId: yes, decision: 'accept' },
        { deviceId: no, decision: 'refuse', reason: 'spare part' },
      ],
    });
    expect(part.json()).toMatchObject({
      state: 'partially-decided',
      counts: { offered: 1, accepted: 1, refused: 1, withdrawn: 0, expired: 0 },
    });
    for (const as of [oem, customer]) {
      expect(await itemsOf(id, as)).toMatchObject({
        [yes]: { state: 'accepted' },
        [no]: { state: 'refused', reason: 'spare part' },
        [later]: { state: 'offered' },
      });
    }
    const rest = await post(customer, url, { default: 'refuse', reason: 'not ours' });
    expect(rest.json()).toMatchObject({ state: 'completed' });
    expect((await itemsOf(id))[later]).toMatchObject({ state: 'refused', reason: 'not ours' });
    expect((await read(customer, `/v1/devices/${yes}`)).statusCode).toBe(200);
    for (const device of [no, later]) {
      expect((await read(oem, `/v1/devices/${device}`)).statusCode).toBe(200);
    }
  });

  it('is decided as a whole but for some, whose reason is the refusal’s', async () => {
    const [yes = '', no = ''] = await devices(2);
    const id = await offered([yes, no]);
    const decision = { default: 'accept', except: [no], reason: 'water damage' };
    await post(customer, `/v1/transfers/${id}/decision`, decision);
    const items = await itemsOf(id);
    expect(items[no]).toMatchObject({ state: 'refused', reason: 'water damage' });
    expect(items[yes]).not.toHaveProperty('reason');
  });

  it('that was decided answers the same decision alike, and another with transfer-already-decided', async () => {
    const [one = '', two = ''] = await devices(2);
    const id = await offered([one, two]);
    const url = `/v1/transfers/${id}/decision`;
    const first = await post(customer, url, { default: 'accept' });
    const again = await post(customer, url, { default: 'accept' });
    expect([again.statusCode, again.body]).toEqual([200, first.body]);
    const item = { items: [{ deviceId: one, decision: 'refuse' }] };
    expect(codeOf(await post(customer, url, { default: 'refuse' }))).toEqual(DECIDED);
    expect(codeOf(await post(customer, url, item))).toEqual(DECIDED);
    expect(codeOf(await post(oem, `/v1/transfers/${id}/withdrawal`))).toEqual(DECIDED);
    expect((await read(customer, `/v1/devices/${one}`)).statusCode).toBe(200);
  });

  it('is withdrawn in part and then as a whole, by its source alone', async () => {
    const [one = '', two = '', three = ''] = await devices(3);
    const id = await offered([one, two, three]);
    const url = `/v1/transfers/${id}/withdrawal`;
    expect(codeOf(await post(customer, url))).toEqual([404, 'object-unknown']);
    expect(codeOf(await post(oem, `/v1/transfers/${id}/decision`, { default: 'accept' }))).toEqual([
      ...[404, 'object-unknown'],
    ]);
    const part = (await post(oem, url, { devices: [one] })).json<TransferAnswer>();
    expect(part).toMatchObject({ state: 'partially-decided', counts: { withdrawn: 1 } });
    const decision = { items: [{ deviceId: one, decision: 'accept' }] };
    expect(codeOf(await post(customer, `/v1/transfers/${id}/decision`, decision))).toEqual(DECIDED);
    expect((await post(oem, url)).json()).toMatchObject({ state: 'withdrawn' });
    expect((await offer({ ids: [one, two, three] })).statusCode).toBe(201);
  });

  it('whose time is over is decided by nobody any more, even before it is noted as expired', async () => {
    const ids = await devices(2);
    const id = (await offer({ ids }, { expiresIn: 60 })).json<TransferAnswer>().id;
    const url = `/v1/transfers/${id}/decision`;
    const before = rig.clock.ms;
    try {
      rig.clock.ms += 60_000;
      expect(codeOf(await post(customer, url, { default: 'accept' }))).toEqual(DECIDED);
      const [deviceId] = ids;
      const item = { items: [{ deviceId, decision: 'accept' }] };
      expect(codeOf(await post(customer, url, item))).toEqual(DECIDED);
      await transferTurn(rig.store, new AbortController().signal);
      expect(codeOf(await post(customer, url, { default: 'accept' }))).toEqual(DECIDED);
      expect((await read(oem, `/v1/transfers/${id}`)).json()).toMatchObject({
        state: 'expired',
        counts: { expired: 2 },
      });
      expect((await offer({ ids })).statusCode).toBe(201);
    } finally {
      rig.clock.ms = before;
    }
  });

  it('to a handle that does not exist and to one that does not receive is answered alike', async () => {
    const ids = await devices(1);
    const closed = await party();
    await rig.app.inject({
      ...{ method: 'PATCH', url: '/v1/account', body: { isReceiving: false } },
      headers: { ...closed.headers, 'if-match': '"1"' },
    });
    const nobody = { ...customer, handle: 'nobody-at-all' };
    const [one, two, own] = await Promise.all(
      [nobody, closed, oem].map((to) => offer({ ids }, {}, oem, to)),
    );
    expect(one && said(one)).toEqual(two && said(two));
    expect(one && said(one)).toEqual(own && said(own));
    expect(one?.statusCode).toBe(404);
  });

  it('of another account’s device is answered as one of a device that does not exist', async () => {
    const [foreign = ''] = await devices(1, customer);
    const none = `dv_${'0'.repeat(26)}`;
    const [first, second] = await Promise.all([offer({ ids: [foreign] }), offer({ ids: [none] })]);
    expect(said(first)).toEqual([404, 'object-unknown', expect.stringContaining(foreign)]);
    expect(String(said(first)[2]).replace(foreign, '')).toBe(
      String(said(second)[2]).replace(none, ''),
    );
    expect((await read(oem, '/v1/transfers?as=source')).json()).toEqual({ items: [] });
  });

  it('is repeated with its Idempotency-Key and made once', async () => {
    const ids = await devices(1);
    const key = randomUUID();
    const body = { to: customer.handle, devices: { ids } };
    const first = await post(oem, '/v1/transfers', body, key);
    const again = await post(oem, '/v1/transfers', body, key);
    expect([again.body, again.headers['idempotent-replay']]).toEqual([first.body, 'true']);
    expect(codeOf(await post(oem, '/v1/transfers', body))).toEqual([409, 'state-conflict']);
  });

  it('of a whole lot is repeated with its Idempotency-Key and made once, at once and later', async () => {
    await devices(1_200);
    const key = randomUUID();
    const body = { to: customer.handle, devices: { lotId: `kl_${oem.handle}` } };
    const ask = () => post(oem, '/v1/transfers', body, key);
    const [one, two] = await Promise.all([ask(), ask()]);
    const made = [one, two].filter(({ statusCode }) => statusCode === 201);
    const others = [one, two].filter(({ statusCode }) => statusCode !== 201);
    expect(made[0]?.json()).toMatchObject({ items: 1_200, leftOut: 0 });
    for (const other of others) expect(codeOf(other)).toEqual([409, 'idempotency-in-flight']);
    const again = await ask();
    expect([again.body, again.headers['idempotent-replay']]).toEqual([made[0]?.body, 'true']);
    const { items } = (await read(oem, '/v1/transfers?as=source')).json<{ items: unknown[] }>();
    expect(items).toHaveLength(1);
  });

  it('is made by the query of the fleet’s list', async () => {
    await devices(3);
    const [other = ''] = await devices(1);
    await rig.store.change(ORIGIN, ({ db }) =>
      db.updateTable('devices').set({ model: 'M8' }).where('id', '=', other).execute(),
    );
    const made = (await offer({ query: { model: 'M8' } })).json<TransferAnswer>();
    expect([made.items, made.leftOut]).toEqual([1, 0]);
    const rest = await offer({ query: { lotId: `kl_${oem.handle}`, first: 0 } });
    expect(rest.json()).toMatchObject({ items: 3, leftOut: 1 });
    expect(codeOf(await offer({ query: { model: 'M9' } }))).toEqual([404, 'object-unknown']);
    // Not the whole fleet by a slip.
    for (const query of [{}, { first: 1 }, { modell: 'M8' }]) {
      expect(codeOf(await offer({ query }))).toEqual([422, 'request-invalid']);
    }
  });

  it('goes on from hand to hand, and each account has its own part of the story', async () => {
    const reseller = await party();
    const [id = ''] = await devices(1);
    const accept = async (from: Party, to: Party): Promise<void> => {
      const transfer = (await offer({ ids: [id] }, {}, from, to)).json<TransferAnswer>();
      await post(to, `/v1/transfers/${transfer.id}/decision`, { default: 'accept' });
    };
    await accept(oem, reseller);
    expect(codeOf(await offer({ ids: [id] }))).toEqual([404, 'object-unknown']);
    await accept(reseller, customer);
    const shown = (await read(customer, `/v1/devices/${id}`)).json<{ custody: unknown[] }>();
    expect(shown).toMatchObject({ custodyStep: 2, escrow: 'configuring' });
    expect(shown.custody).toMatchObject([
      { step: 1, from: oem.handle, to: reseller.handle },
      { step: 2, from: reseller.handle, to: customer.handle },
    ]);
    for (const former of [oem, reseller]) {
      expect((await read(former, `/v1/devices/${id}`)).statusCode).toBe(404);
    }
    const given = (await read(oem, '/v1/transfers?as=source')).json<{ items: TransferAnswer[] }>();
    expect(given.items).toHaveLength(1);
    const third = given.items[0]?.id ?? '';
    expect((await read(customer, `/v1/transfers/${third}`)).statusCode).toBe(404);
  });
});

describe('the transfers of an account', () => {
  it('are listed by who gives and who gets, by state, and page by page, the newest first', async () => {
    const ids: string[] = [];
    for (const device of await devices(3)) {
      rig.clock.ms++; // ids rise with time
      ids.push(await offered([device]));
    }
    await post(customer, `/v1/transfers/${ids[1] ?? ''}/decision`, { default: 'refuse' });
    const listed = async (as: Party, query: string): Promise<string[]> => {
      const { items } = (await read(as, `/v1/transfers?${query}`)).json<{
        items: TransferAnswer[];
      }>();
      return items.map(({ id }) => id);
    };
    const newest = ids.toReversed();
    expect(await listed(oem, 'as=source')).toEqual(newest);
    expect(await listed(customer, 'as=destination')).toEqual(newest);
    expect(await listed(oem, 'as=destination')).toEqual([]);
    expect(await listed(oem, 'as=source&state=open')).toEqual([ids[2], ids[0]]);
    expect(await listed(customer, 'as=destination&state=completed')).toEqual([ids[1]]);
    const page = (await read(oem, '/v1/transfers?as=source&limit=2')).json<{ next: string }>();
    const rest = `as=source&limit=2&cursor=${encodeURIComponent(page.next)}`;
    expect(await listed(oem, rest)).toEqual([ids[0]]);
  });
});

describe('a standing approval', () => {
  it('accepts what comes from its account until it is removed', async () => {
    const url = '/v1/standing-approvals';
    const made = await post(customer, url, { from: oem.handle });
    expect([made.statusCode, made.headers.location]).toEqual([201, `${url}/${oem.handle}`]);
    expect((await read(customer, url)).json()).toMatchObject({ items: [{ from: oem.handle }] });
    expect((await read(oem, url)).json()).toEqual({ items: [] });
    const [id = ''] = await devices(1);
    const taken = await offer({ ids: [id] });
    expect(taken.json()).toMatchObject({
      ...{ state: 'completed', decidedBy: 'standing-approval', counts: { accepted: 1 } },
    });
    expect((await read(customer, `/v1/devices/${id}`)).statusCode).toBe(200);
    const remove = (as: Party) =>
      rig.app.inject({ method: 'DELETE', url: `${url}/${oem.handle}`, headers: as.headers });
    expect((await remove(oem)).statusCode).toBe(404);
    expect((await remove(customer)).statusCode).toBe(204);
    const asked = (await offer({ ids: await devices(1) })).json<TransferAnswer>();
    expect([asked.state, asked.decidedBy]).toEqual(['open', undefined]);
    for (const from of ['nobody-here', customer.handle]) {
      expect(codeOf(await post(customer, url, { from }))).toEqual([404, 'object-unknown']);
    }
  });
});

describe('a configuration template', () => {
  const put = (name: string, version: string | undefined, body: object, as = customer) =>
    rig.app.inject({
      ...{ method: 'PUT', url: `/v1/templates/${name}`, body },
      headers: { ...as.headers, ...(version !== undefined && { 'if-match': version }) },
    });
  const content = (host: string) => ({ trustAnchors: ['a'.repeat(64)], values: { host } });

  it('goes up by one version with whoever saw the last one', async () => {
    expect(codeOf(await put('M7', undefined, content('a')))).toEqual([
      428,
      'precondition-required',
    ]);
    const made = await put('M7', '"0"', content('mqtt-{serial}.example'));
    expect([made.statusCode, made.headers.etag]).toEqual([200, '"1"']);
    expect(codeOf(await put('M7', '"0"', content('b')))).toEqual([412, 'precondition-failed']);
    expect((await put('M7', '"1"', content('c'))).json()).toMatchObject({ version: 2 });
    expect(codeOf(await put('M7', '"1"', content('d')))).toEqual([412, 'precondition-failed']);
    await put('default', '"0"', content('e'));
    const all = (await read(customer, '/v1/templates')).json<{ items: object[] }>();
    expect(all.items).toMatchObject([
      { name: 'M7', version: 2, values: { host: 'c' } },
      { name: 'default', version: 1 },
    ]);
    const shown = await read(customer, '/v1/templates/M7');
    expect([shown.headers.etag, shown.json<object>()]).toEqual(['"2"', all.items[0]]);
    expect((await read(oem, '/v1/templates/M7')).statusCode).toBe(404);
  });

  it('names only fields that a device has', async () => {
    const refused = await put('M7', '"0"', content('{hostname}.example'));
    expect(codeOf(refused)).toEqual([422, 'request-invalid']);
    expect(refused.json()).toMatchObject({
      errors: [{ pointer: '/values', code: 'unknown-field' }],
    });
    const anchor = { trustAnchors: ['zz'], values: {} };
    expect(codeOf(await put('M7', '"0"', anchor))).toEqual([422, 'request-invalid']);
    expect((await read(customer, '/v1/templates')).json()).toEqual({ items: [] });
  });
});

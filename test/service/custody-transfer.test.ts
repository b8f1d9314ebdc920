import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sha256, walkChain } from '../../src/custody/chain.ts';
import { acceptConfiguration } from '../../src/custody/configuration.ts';
import { parseDelivery } from '../../src/custody/delivery.ts';
import { toBase64 } from '../../src/kernel/bytes.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { TestDevice } from './escrow-rig.ts';
import type { TestMaker } from './escrow-rig.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { Owner } from './sealed-upload.ts';

/** Everybody has every role of an account: who may do what is another test's. */
const party = () => rig.member(['account-admin'], { kind: 'user' });
let rig: ServiceRig;
let [oem, reseller, customer]: TestMember[] = [];
let owner: Owner;
let maker: TestMaker;
let index = 0;

beforeAll(async () => {
  rig = await ServiceRig.start();
});
afterAll(() => rig[Symbol.asyncDispose]());
beforeEach(async () => {
  [oem, reseller, customer] = [await party(), await party(), await party()];
  owner = await Owner.create();
  await addKey();
  const { descriptor, lot } = await owner.lot(1_000);
  await post(oem, '/v1/lots', { descriptor });
  const { manufacturer, provisioningKey } = owner;
  const trustAnchor = sha256(spkiOf(manufacturer));
  const { accountId } = oem;
  maker = { accountId, provisioningKey, lotId: lot.lotId, manufacturer, trustAnchor };
});

async function post<Body>(
  member: TestMember | undefined,
  url: string,
  body?: object,
): Promise<Body> {
  const headers = { ...member?.headers, 'idempotency-key': randomUUID() };
  const response = await rig.app.inject({ method: 'POST', url, headers, ...(body && { body }) });
  if (response.statusCode >= 300) throw new Error(response.body);
  return response.json<Body>();
}

async function addKey(isDelegated = true): Promise<void> {
  const url = '/v1/provisioning-keys/nonce';
  const { ownerKey, nonce, registry, account } = await post<Record<string, string>>(oem, url);
  const names = { nonce: nonce ?? '', registry: registry ?? '', account: account ?? '' };
  const proof = await owner.prove({ ...names, expiresAt: '2026-03-01T08:05:00Z' });
  const delegation = isDelegated ? { delegation: owner.delegate(ownerKey ?? '') } : {};
  await post(oem, '/v1/provisioning-keys', { proof, ...delegation });
}

async function putTemplate(
  member: TestMember | undefined,
  values: object,
  more: { readonly after?: number; readonly name?: string } = {},
): Promise<void> {
  const { after = 0, name = 'default' } = more;
  const response = await rig.app.inject({
    ...{ method: 'PUT', url: `/v1/templates/${name}`, body: { trustAnchors: [], values } },
    headers: { ...member?.headers, 'if-match': `"${after}"` },
  });
  expect([response.statusCode, response.body]).toMatchObject([200, expect.any(String)]);
}

const device = async (more: Parameters<typeof TestDevice.registered>[3] = {}) => {
  const made = await TestDevice.registered(rig, maker, index++, more);
  expect(await made.logIn()).toBe(200);
  return made;
};

/** One account gives the devices to another, which takes them. */
async function transfer(
  from: TestMember | undefined,
  to: TestMember | undefined,
  devices: readonly TestDevice[],
): Promise<void> {
  const { handle } = (
    await rig.app.inject({ url: '/v1/account', headers: { ...to?.headers } })
  ).json<{ handle: string }>();
  const offer = { to: handle, devices: { ids: devices.map(({ id }) => id) } };
  const { id } = await post<{ id: string }>(from, '/v1/transfers', offer);
  await post(to, `/v1/transfers/${id}/decision`, { default: 'accept' });
}

const ownerKeyOf = async (member: TestMember | undefined): Promise<string> =>
  (await post<{ ownerKey: string }>(member, '/v1/provisioning-keys/nonce')).ownerKey;
const jsonOf = ({ body }: { readonly body: Uint8Array }): unknown =>
  JSON.parse(Buffer.from(body).toString());
const refusedFor = (reason: string) => ({ code: 'custody-invalid', facts: { reason } });

describe('a device that goes from its OEM over a reseller to a customer', () => {
  it('waits in escrow mode, and verifies its owner’s configuration up to its trust anchor', async () => {
    const it = await device();
    await putTemplate(customer, { url: 'mqtts://{serial}.customer.example', step: 2 });
    const waiting = it.wait(300);
    await it.checkIn();
    await transfer(oem, reseller, [it]);
    expect(await waiting).toMatchObject({ mode: 'escrow' });
    const waitingOn = it.wait(300);
    await it.checkIn();
    await transfer(reseller, customer, [it]);
    const state = await waitingOn;
    expect(state).toMatchObject({ mode: 'normal', config: { step: 2, version: 1 } });
    const configuration = await it.configure(state);
    expect(jsonOf(configuration)).toEqual({
      ...{ url: `mqtts://ACME-${index - 1}.customer.example`, step: 2 },
    });
    await it.checkIn();
    const acknowledged = rig.store.reader.selectFrom('devices').select(['ackStep', 'ackVersion']);
    expect(await acknowledged.where('id', '=', it.id).executeTakeFirst()).toEqual({
      ...{ ackStep: 2, ackVersion: 1 },
    });
  });

  it('has one statement for each owner, each by the owner before, and the same when asked again', async () => {
    const it = await device();
    await putTemplate(customer, {});
    await transfer(oem, reseller, [it]);
    await transfer(reseller, customer, [it]);
    const { config } = await it.checkIn();
    const bytes = await it.fetch(config?.url ?? '');
    expect(await it.fetch(config?.url ?? '')).toEqual(bytes);
    const { manufacturer, statements } = parseDelivery(bytes);
    const owners = [oem, reseller, customer];
    expect(statements).toHaveLength(owners.length);
    for (const [step, member] of owners.entries()) {
      const walked = walkChain(it.custody, manufacturer, statements.slice(0, step + 1));
      expect([walked.step, toBase64(walked.owner)]).toEqual([step, await ownerKeyOf(member)]);
    }
  });

  it('takes each owner’s first version over the last one of the owner before, and never back', async () => {
    const it = await device();
    await putTemplate(oem, { of: 'oem' });
    await it.configure(await it.checkIn());
    await putTemplate(oem, { of: 'oem', n: 2 }, { after: 1 });
    const second = await it.checkIn();
    const stale = await it.fetch(second.config?.url ?? '');
    expect(jsonOf(await it.configure(second))).toEqual({ of: 'oem', n: 2 });
    await putTemplate(reseller, { of: 'reseller' });
    await transfer(oem, reseller, [it]);
    const next = await it.checkIn();
    expect(next.config).toMatchObject({ step: 1, version: 1 });
    expect(jsonOf(await it.configure(next))).toEqual({ of: 'reseller' });
    const again = (): unknown => acceptConfiguration(it.custody, parseDelivery(stale), it.held);
    expect(again).toThrow(expect.objectContaining(refusedFor('not-newer')));
    await transfer(reseller, oem, [it]);
    const back = await it.checkIn();
    expect(back.config).toMatchObject({ step: 2, version: 1 });
    expect(jsonOf(await it.configure(back))).toEqual({ of: 'oem', n: 2 });
    await expect(it.fetch(second.config?.url ?? '')).rejects.toThrow('404');
  });

  it('refuses the chain and the configuration of a device that went the same way', async () => {
    const [one, two] = [await device(), await device()];
    await putTemplate(reseller, {});
    await transfer(oem, reseller, [one, two]);
    const { config } = await two.checkIn();
    const theirs = parseDelivery(await two.fetch(config?.url ?? ''));
    const own = parseDelivery(await one.fetch((await one.checkIn()).config?.url ?? ''));
    const take = (delivery: typeof own) => (): unknown =>
      acceptConfiguration(one.custody, delivery, undefined);
    expect(take(theirs)).toThrow(expect.objectContaining(refusedFor('foreign')));
    const { configuration } = theirs;
    expect(take({ ...own, configuration })).toThrow(expect.objectContaining(refusedFor('foreign')));
    const statements = own.statements.slice(0, 1);
    expect(take({ ...own, statements })).toThrow(expect.objectContaining(refusedFor('signature')));
    expect(take(own)).not.toThrow();
  });
});

describe('a template', () => {
  it('of the device’s model goes before the default, with every field filled in', async () => {
    const it = await device({ model: 'W-7' });
    const fields = ['deviceId', 'serial', 'endpointKey', 'provisioningKey', 'lotId', 'lotIndex'];
    const values = Object.fromEntries(fields.map((name) => [name, `<{${name}}>`]));
    await putTemplate(reseller, { which: 'default' });
    await putTemplate(
      reseller,
      { which: 'W-7', deep: [values], '{serial}': '{{serial}}' },
      { name: 'W-7' },
    );
    await transfer(oem, reseller, [it]);
    const filled = jsonOf(await it.configure(await it.checkIn()));
    const { provisioningKey, lotId } = maker;
    const [serial, lotIndex] = [`ACME-${index - 1}`, String(index - 1)];
    const { id: deviceId, endpointKey } = it;
    const expected = { deviceId, serial, endpointKey, provisioningKey, lotId, lotIndex };
    const texts = Object.entries(expected).map(([name, text]) => [name, `<${text}>`]);
    expect(filled).toEqual({
      ...{ which: 'W-7', deep: [Object.fromEntries(texts) as object] },
      // Names of members stay as they are, and one pair of braces is replaced once.
      '{serial}': `{${serial}}`,
    });
  });

  it('that changes before its device asks again gives one version, not one for each change', async () => {
    const it = await device();
    await putTemplate(oem, { n: 1 });
    await putTemplate(oem, { n: 2 }, { after: 1 });
    await putTemplate(oem, { n: 3 }, { after: 2 });
    const state = await it.checkIn();
    expect(state.config).toMatchObject({ step: 0, version: 1 });
    expect(jsonOf(await it.configure(state))).toEqual({ n: 3 });
  });
});

it('a key without its first statement keeps its devices in escrow mode, until it is completed', async () => {
  owner = await Owner.create();
  await addKey(false);
  const { provisioningKey, manufacturer } = owner;
  const { descriptor, lot } = await owner.lot(10);
  await post(oem, '/v1/lots', { descriptor });
  const trustAnchor = sha256(spkiOf(manufacturer));
  maker = { ...maker, provisioningKey, manufacturer, trustAnchor, lotId: lot.lotId };
  await putTemplate(oem, { of: 'oem' });
  await putTemplate(reseller, { of: 'reseller' });
  const [kept, given] = [await device(), await device()];
  await transfer(oem, reseller, [given]);
  expect([await kept.checkIn(), await given.checkIn()]).toMatchObject([
    ...[{ mode: 'escrow' }, { mode: 'escrow' }],
  ]);
  const waiting = kept.wait(300);
  await kept.checkIn();
  await addKey();
  expect(jsonOf(await kept.configure(await waiting))).toEqual({ of: 'oem' });
  expect(jsonOf(await given.configure(await given.checkIn()))).toEqual({ of: 'reseller' });
});

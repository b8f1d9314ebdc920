import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, walkChain } from '../../src/custody/chain.ts';
import { signNextStatement } from '../../src/custody/statement.ts';
import { fromBase64, toBase64 } from '../../src/kernel/bytes.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import { ServiceRig } from './rig.ts';
import type { TestMember } from './rig.ts';
import { Owner } from './sealed-upload.ts';

let rig: ServiceRig;
let engineer: TestMember;

beforeAll(async () => {
  rig = await ServiceRig.start();
  engineer = await rig.member(['factory-engineer']);
});
afterAll(() => rig[Symbol.asyncDispose]());

interface Challenge {
  readonly nonce: string;
  readonly registry: string;
  readonly account: string;
  readonly ownerKey: string;
}

const post = (url: string, body?: object, { headers }: TestMember = engineer) =>
  rig.app.inject({
    ...{ method: 'POST', url, ...(body && { body }) },
    headers: { ...headers, 'idempotency-key': randomUUID() },
  });
const challenge = async (member = engineer): Promise<Challenge> =>
  (await post('/v1/provisioning-keys/nonce', undefined, member)).json<Challenge>();

/** Adds the key with what `delegate` makes of the account's owner key. */
async function add(owner: Owner, delegate?: (ownerKey: string) => string) {
  const { ownerKey, ...names } = await challenge();
  const proof = await owner.prove({ ...names, expiresAt: '2026-03-01T08:05:00Z' });
  const delegation = delegate?.(ownerKey);
  return await post('/v1/provisioning-keys', { proof, ...(delegation && { delegation }) });
}
const keyOf = ({ provisioningKey }: Owner) =>
  rig.store.reader
    .selectFrom('provisioningKeys')
    .selectAll()
    .where('id', '=', provisioningKey)
    .executeTakeFirst();
const eventsOf = async ({ provisioningKey }: Owner): Promise<string[]> => {
  const events = rig.store.reader.selectFrom('events').select('type');
  const rows = await events.where('subject', '=', provisioningKey).orderBy('seq').execute();
  return rows.map(({ type }) => type);
};

describe('a nonce', () => {
  it('comes with the account’s owner key, which stays the same and is no other account’s', async () => {
    const stranger = await rig.member(['factory-engineer']);
    const [one, again, other] = [await challenge(), await challenge(), await challenge(stranger)];
    expect(one.ownerKey).toBe(again.ownerKey);
    expect(one.ownerKey).not.toBe(other.ownerKey);
  });
});

describe('a delegation', () => {
  it('is kept with its key, and leads from the trust anchor to the account’s owner key', async () => {
    const owner = await Owner.create();
    const added = await add(owner, (ownerKey) => owner.delegate(ownerKey));
    expect([added.statusCode, added.json()]).toMatchObject([201, { isDelegated: true }]);
    const { provisioningKey } = owner;
    const manufacturer = spkiOf(owner.manufacturer);
    const endpointKey = endpointKeyOf(new Uint8Array(16));
    const device = { provisioningKey, endpointKey, trustAnchor: sha256(manufacturer) };
    const statement = Uint8Array.from((await keyOf(owner))?.delegation ?? []);
    const walked = walkChain(device, manufacturer, [statement]);
    expect(toBase64(walked.owner)).toBe((await challenge()).ownerKey);
  });

  it('completes a key that lacks one, once, and is not replaced', async () => {
    const owner = await Owner.create();
    expect((await add(owner)).json()).toMatchObject({ isDelegated: false });
    const delegate = (ownerKey: string): string => owner.delegate(ownerKey);
    expect((await add(owner, delegate)).json()).toMatchObject({ isDelegated: true });
    const first = await keyOf(owner);
    // Another signature over the same words: ECDSA has a random number in each.
    expect((await add(owner, delegate)).json()).toMatchObject({ isDelegated: true });
    expect(await keyOf(owner)).toEqual(first);
    expect((await add(owner)).json()).toMatchObject({ isDelegated: true });
    expect(await eventsOf(owner)).toEqual(['key.added', 'key.delegated']);
  });

  it.each<[string, string, (owner: Owner, ownerKey: string, other: Owner) => string]>([
    ['no base64', 'malformed', () => '!'],
    ['no statement', 'malformed', () => toBase64(new Uint8Array(80))],
    ['of a byte changed', 'signature', (owner, key) => bent(owner.delegate(key))],
    [
      'by another manufacturer',
      'signature',
      ({ provisioningKey }, key, other) => other.delegate(key, { provisioningKey }),
    ],
    [
      'of another provisioning key',
      'foreign',
      (owner, key, { provisioningKey }) => owner.delegate(key, { provisioningKey }),
    ],
    [
      'for another owner key',
      'foreign',
      (owner, _, other) => owner.delegate(toBase64(spkiOf(other.manufacturer))),
    ],
    ['for one device', 'step', (owner, key) => transferBy(owner, key)],
  ])('%s is refused as %s, and nothing is kept', async (_, reason, forge) => {
    const [owner, other] = [await Owner.create(), await Owner.create()];
    const refused = await add(owner, (ownerKey) => forge(owner, ownerKey, other));
    expect([refused.statusCode, refused.json()]).toMatchObject([
      422,
      { code: 'delegation-refused', facts: { reason } },
    ]);
    expect(await keyOf(owner)).toBeUndefined();
  });

  it('is the same account’s: another’s owner key gets it nothing', async () => {
    const owner = await Owner.create();
    const stranger = await rig.member(['factory-engineer']);
    const { ownerKey } = await challenge(stranger);
    const refused = await add(owner, () => owner.delegate(ownerKey));
    expect(refused.json()).toMatchObject({ code: 'delegation-refused' });
  });
});

it('a proof with another manufacturer key than the key came with is refused', async () => {
  const owner = await Owner.create();
  await add(owner);
  const { ownerKey, ...names } = await challenge();
  const thief = Owner.of(owner.sealKey, (await Owner.create()).manufacturer);
  const proof = await thief.prove({ ...names, expiresAt: '2026-03-01T08:05:00Z' });
  const delegation = thief.delegate(ownerKey);
  const refused = await post('/v1/provisioning-keys', { proof, delegation });
  expect([refused.statusCode, refused.json()]).toMatchObject([
    422,
    { code: 'proof-refused', facts: { reason: 'manufacturer-key' } },
  ]);
  expect((await keyOf(owner))?.delegation).toBeNull();
});

function bent(statement: string): string {
  const bytes = fromBase64(statement) ?? new Uint8Array();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return toBase64(bytes);
}

/** The statement of a transfer, by the manufacturer key, where the first one belongs. */
function transferBy({ provisioningKey, manufacturer }: Owner, ownerKey: string): string {
  const owner = fromBase64(ownerKey) ?? new Uint8Array();
  const endpointKey = endpointKeyOf(new Uint8Array(16));
  const content = { provisioningKey, owner, step: 1, endpointKey, previous: new Uint8Array(32) };
  return toBase64(signNextStatement(content, manufacturer));
}

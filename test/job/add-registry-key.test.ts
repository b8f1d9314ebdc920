import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { walkChain } from '../../src/custody/chain.ts';
import { addRegistryKey } from '../../src/job/add-registry-key.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { fromBase64, fromHex, toBase64 } from '../../src/kernel/bytes.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { endpointKeyOf } from '../../src/model/ids.ts';
import type { NewKeyFacts, Registry } from '../../src/registry/registry.ts';
import { lotRequest, makeOwner } from './lot-home.ts';

let owner: Awaited<ReturnType<typeof makeOwner>>;
beforeAll(async () => {
  owner = await makeOwner();
});
afterAll(() => owner[Symbol.asyncDispose]());

/** Adds the home's key at a registry that calls this the account's owner key; what it was sent. */
async function addAt(ownerKey: string | undefined): Promise<NewKeyFacts> {
  let sent: NewKeyFacts = {};
  const expiresAt = '2026-03-01T08:05:00.000Z';
  const challenge = { nonce: 'A'.repeat(32), account: 'acme', expiresAt };
  const keyProofs: Registry['keyProofs'] = {
    challenge: () => Promise.resolve({ ...challenge, ...(ownerKey !== undefined && { ownerKey }) }),
    add: (_, more = {}) => {
      sent = more;
      return Promise.resolve({ id: owner.card.provisioningKey });
    },
  };
  const registry = { url: 'https://registry.test', keyProofs } as unknown as Registry;
  const { home, credentials } = owner;
  await addRegistryKey(home, undefined, { registry, credentials });
  return sent;
}

it('signs the key’s devices over to the account’s owner key, from the anchor that its lots seal', async () => {
  const key = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  const { delegation = '' } = await addAt(toBase64(key));
  const { credentials, home, card } = owner;
  const { lot } = await createLot(home, lotRequest(), { credentials });
  const device = {
    provisioningKey: card.provisioningKey,
    endpointKey: endpointKeyOf(new Uint8Array(16)),
    trustAnchor: fromHex(lot.custodyAnchor ?? '') ?? new Uint8Array(),
  };
  const manufacturer = fromBase64(card.manufacturerKey) ?? new Uint8Array();
  const statement = fromBase64(delegation) ?? new Uint8Array();
  expect(walkChain(device, manufacturer, [statement])).toMatchObject({ owner: key, step: 0 });
});

it('signs nothing for a registry that keeps no custody', async () => {
  expect((await addAt(undefined)).delegation).toBeUndefined();
});

it.each([
  ['text', 'owner'],
  ['nothing', ''],
  ['an Ed25519 key', toBase64(spkiOf(generateKeyPairSync('ed25519').publicKey))],
  ['a point that is not on the curve', toBase64(offCurve())],
])('signs nothing for what is no P-256 key: %s', async (_, ownerKey) => {
  await expect(addAt(ownerKey)).rejects.toMatchObject({ code: 'registry-failed' });
});

function offCurve(): Uint8Array {
  const key = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
  key[key.length - 1] = (key.at(-1) ?? 0) ^ 1;
  return key;
}

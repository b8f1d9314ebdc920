import { Type } from 'typebox';
import type { Static } from 'typebox';
import { requireDelegation } from '../../custody/delegation.ts';
import type { Delegation } from '../../custody/delegation.ts';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { openKeyProof } from '../../seals/key-proof.ts';
import { memberOf } from '../auth/caller.ts';
import { ensureOwnerKey } from '../keys/owner-key.ts';
import type { App, Service } from '../service.ts';
import { findAccount } from '../store/accounts.ts';
import type { Account } from '../store/accounts.ts';
import { holdKey, issueNonce, useNonce } from '../store/keys.ts';
import type { HeldKey } from '../store/keys.ts';

const closed = { additionalProperties: false } as const;

const Nonce = Type.Object(
  {
    nonce: Type.String(),
    registry: Type.String({ description: 'The URL that the proof names.' }),
    account: Type.String({ description: 'The handle that the proof names.' }),
    ownerKey: Type.String({
      description: 'The account’s, P-256 SPKI DER in base64: the first custody statement names it.',
    }),
    expiresAt: Type.String(),
  },
  closed,
);
const NewKey = Type.Object(
  {
    proof: Type.String({ maxLength: 16 * 1024, description: 'JWS, `keyline-key+jws`.' }),
    delegation: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: 'The first custody statement, COSE_Sign1 in base64; devices wait for it.',
      }),
    ),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
);
const KeyView = Type.Object(
  {
    id: Type.String(),
    label: Type.Optional(Type.String()),
    isTest: Type.Boolean(),
    isDelegated: Type.Boolean(),
    createdAt: Type.String(),
  },
  closed,
);

/** Provisioning keys come to an account by the proof of whoever holds the secret. */
export function provisioningKeyRoutes(app: App, service: Service): void {
  const config = { access: 'keys:manage' } as const;
  const tags = ['keys'];
  app.post(
    '/v1/provisioning-keys/nonce',
    { config, schema: { tags, response: { 201: Nonce } } },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const account = await accountOf(service, memberOf(request).accountId);
        const issued = await issueNonce(change, account.id);
        const owner = await ensureOwnerKey(change, service.masterKey, account.id);
        const names = { registry: service.publicUrl, account: account.handle };
        const body = { ...issued, ...names, ownerKey: toBase64(owner) };
        return { status: 201, body };
      }),
  );
  app.post(
    '/v1/provisioning-keys',
    { config, schema: { tags, body: NewKey, response: { 201: KeyView } } },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const account = await accountOf(service, memberOf(request).accountId);
        const { provisioningKey: id, sealKey, ...proof } = await openKeyProof(request.body.proof);
        checkProof(proof, { account, publicUrl: service.publicUrl, at: change.at });
        await useNonce(change, account.id, proof.nonce);
        const manufacturerKey = Buffer.from(proof.manufacturerKey, 'base64');
        const delegation = openDelegation(request.body.delegation, {
          ...{ provisioningKey: id, manufacturer: manufacturerKey },
          owner: await ensureOwnerKey(change, service.masterKey, account.id),
        });
        const isTest = proof.test ?? false;
        const { label } = request.body;
        const { id: accountId } = account;
        const wanted = { accountId, id, label, sealKey, manufacturerKey, delegation, isTest };
        return { status: 201, body: toKeyView(await holdKey(change, wanted)) };
      }),
  );
}

function checkProof(
  proof: { readonly registry: string; readonly account: string; readonly expiresAt: string } & {
    readonly test?: true;
  },
  here: { readonly account: Account; readonly publicUrl: string; readonly at: string },
): void {
  const { account, publicUrl, at } = here;
  if (proof.registry !== publicUrl) {
    throw new KeylineError('proof-refused', {
      message: `the proof is for another registry than ${publicUrl}`,
      hint: `Log in by the name that the registry has for itself: ${publicUrl}.`,
      facts: { reason: 'registry', registry: publicUrl },
    });
  }
  if (proof.account !== account.handle) {
    throw new KeylineError('proof-refused', {
      message: 'the proof is for another account',
      facts: { reason: 'account' },
    });
  }
  if (Date.parse(proof.expiresAt) <= Date.parse(at)) {
    throw new KeylineError('proof-refused', {
      message: 'the time of the proof is over',
      facts: { reason: 'expired' },
    });
  }
  if (proof.test && account.isTest === 0) {
    throw new KeylineError('test-key-refused', { message: 'the key is a test key' });
  }
}

function openDelegation(text: string | undefined, expected: Delegation): Uint8Array | undefined {
  if (text === undefined) return undefined;
  try {
    const bytes = fromBase64(text) ?? new Uint8Array();
    requireDelegation(bytes, expected);
    return bytes;
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'custody-invalid') throw error;
    const { message, facts } = error;
    throw new KeylineError('delegation-refused', { message, facts });
  }
}

async function accountOf({ store }: Service, id: string): Promise<Account> {
  const account = await findAccount(store.reader, id);
  if (account) return account;
  throw new KeylineError('object-unknown', { message: 'the account is gone' });
}

function toKeyView(held: HeldKey): Static<typeof KeyView> {
  const { id, label, isTest, delegation, createdAt } = held;
  const isDelegated = delegation !== null;
  return { id, ...(label !== null && { label }), isTest: isTest === 1, isDelegated, createdAt };
}

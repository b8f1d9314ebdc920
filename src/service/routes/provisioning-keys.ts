import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { openKeyProof } from '../../seals/key-proof.ts';
import { memberOf } from '../auth/caller.ts';
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
    expiresAt: Type.String(),
  },
  closed,
);
const NewKey = Type.Object(
  {
    proof: Type.String({ maxLength: 16 * 1024, description: 'JWS, `keyline-key+jws`.' }),
    label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  closed,
);
const KeyView = Type.Object(
  {
    id: Type.String(),
    label: Type.Optional(Type.String()),
    isTest: Type.Boolean(),
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
        const body = { ...issued, registry: service.publicUrl, account: account.handle };
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
        const isTest = proof.test ?? false;
        const { label } = request.body;
        const { id: accountId } = account;
        const wanted = { accountId, id, label, sealKey, manufacturerKey, isTest };
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

async function accountOf({ store }: Service, id: string): Promise<Account> {
  const account = await findAccount(store.reader, id);
  if (account) return account;
  throw new KeylineError('object-unknown', { message: 'the account is gone' });
}

function toKeyView({ id, label, isTest, createdAt }: HeldKey): Static<typeof KeyView> {
  return { id, ...(label !== null && { label }), isTest: isTest === 1, createdAt };
}

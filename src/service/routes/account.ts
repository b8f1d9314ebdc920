import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { memberOf } from '../auth/caller.ts';
import { sendVersion, versionToMatch } from '../http/etag.ts';
import type { App, Service } from '../service.ts';
import { changeAccount, findAccount } from '../store/accounts.ts';
import type { Account } from '../store/accounts.ts';

const closed = { additionalProperties: false } as const;

/** An account as its members see it. */
export const AccountView = Type.Object(
  {
    id: Type.String(),
    handle: Type.String(),
    name: Type.String(),
    kind: Type.Enum(['platform', 'oem', 'reseller', 'customer']),
    isTest: Type.Boolean(),
    isReceiving: Type.Boolean(),
    needsTotp: Type.Boolean({ description: 'Of its account-admins.' }),
    allowsRegistration: Type.Boolean({ description: 'People may join as end-users.' }),
    createdAt: Type.String(),
  },
  closed,
);

const AccountPatch = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    isReceiving: Type.Optional(Type.Boolean()),
    needsTotp: Type.Optional(Type.Boolean()),
    allowsRegistration: Type.Optional(Type.Boolean()),
  },
  closed,
);

/** The account that the token is for. */
export function accountRoutes(app: App, { store }: Service): void {
  app.get(
    '/v1/account',
    {
      config: { access: 'account:read' },
      schema: { tags: ['account'], response: { 200: AccountView } },
    },
    async (request, reply) => {
      const account = await findAccount(store.reader, memberOf(request).accountId);
      if (!account) throw new KeylineError('object-unknown', { message: 'the account is gone' });
      sendVersion(reply, account.version);
      return toAccountView(account);
    },
  );
  app.patch(
    '/v1/account',
    {
      config: { access: 'account:manage' },
      schema: { tags: ['account'], body: AccountPatch, response: { 200: AccountView } },
    },
    async (request, reply) => {
      const { accountId: id, principalId: actor } = memberOf(request);
      const version = versionToMatch(request);
      const origin = { actor, requestId: request.id };
      const account = await store.change(origin, (change) =>
        changeAccount(change, { id, version }, request.body),
      );
      sendVersion(reply, account.version);
      return toAccountView(account);
    },
  );
}

/** What of the row is shown. */
export function toAccountView(account: Account): Static<typeof AccountView> {
  const { id, handle, name, kind, createdAt } = account;
  return {
    ...{ id, handle, name, kind, createdAt },
    isTest: account.isTest === 1,
    isReceiving: account.isReceiving === 1,
    needsTotp: account.needsTotp === 1,
    allowsRegistration: account.allowsRegistration === 1,
  };
}

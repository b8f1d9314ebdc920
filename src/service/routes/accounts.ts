import { Type } from 'typebox';
import { HANDLE } from '../../model/account-names.ts';
import { issueOneTimeToken, LIFE_MS } from '../auth/one-time-token.ts';
import { makeAccount } from '../keys/make-account.ts';
import type { App, Service } from '../service.ts';
import { needMember, needUnusedAdmin } from '../store/members.ts';
import { createPrincipal } from '../store/principals.ts';
import { AccountView, toAccountView } from './account.ts';
import { MemberView, PersonName, toMemberView } from './members.ts';
import { Invitation, LoginName } from './users.ts';

const closed = { additionalProperties: false } as const;

const NewAccount = Type.Object(
  {
    handle: Type.String({ pattern: HANDLE.pattern }),
    name: PersonName,
    kind: Type.Enum(['oem', 'reseller', 'customer']),
    isTest: Type.Optional(Type.Boolean({ description: 'Takes test keys, and no others.' })),
    admin: Type.Object({ login: LoginName, name: PersonName }, closed),
  },
  closed,
);
const MadeAccount = Type.Object(
  { account: AccountView, admin: MemberView, invitation: Invitation },
  closed,
);

/** Accounts, made by the platform with their first admin, who is invited. */
export function newAccountRoutes(app: App, { masterKey }: Service): void {
  app.post(
    '/v1/accounts',
    {
      config: { access: 'accounts:create' },
      schema: { tags: ['account'], body: NewAccount, response: { 201: MadeAccount } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const { handle, name, kind, isTest = false, admin } = request.body;
        const account = await makeAccount(change, masterKey, { handle, name, kind, isTest });
        const { id: accountId } = account;
        const roles = ['account-admin'] as const;
        const wanted = { kind: 'user', accountId, roles, ...admin } as const;
        const { id: principalId } = await createPrincipal(change, wanted);
        const owner = { accountId, principalId };
        const invitation = await issueOneTimeToken(change, owner, LIFE_MS.invitation);
        const found = await needMember(change.db, { accountId, kind: 'user' }, principalId);
        const body = { account: toAccountView(account), admin: toMemberView(found), invitation };
        return { status: 201, body, isSecret: true };
      }),
  );
  app.post(
    '/v1/accounts/invitations',
    {
      config: { access: 'accounts:create' },
      schema: {
        tags: ['account'],
        description:
          'For a new account whose invitation was lost: ends the one before. `state-conflict` once an admin has a password.',
        body: Type.Object({ account: Type.String({ pattern: HANDLE.pattern }) }, closed),
        response: { 201: Type.Object({ admin: MemberView, invitation: Invitation }, closed) },
      },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const found = await needUnusedAdmin(change, request.body.account);
        const { id: principalId, homeAccountId: accountId } = found.principal;
        const owner = { accountId, principalId };
        const invitation = await issueOneTimeToken(change, owner, LIFE_MS.invitation);
        change.record({ accountId, type: 'principal.reset-offered', subject: principalId });
        return { status: 201, body: { admin: toMemberView(found), invitation }, isSecret: true };
      }),
  );
}

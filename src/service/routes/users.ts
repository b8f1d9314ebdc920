import { Type } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { LOGIN_NAME } from '../../model/account-names.ts';
import { memberOf } from '../auth/caller.ts';
import { issueOneTimeToken, LIFE_MS } from '../auth/one-time-token.ts';
import type { App, Service } from '../service.ts';
import { holdAccount, needMember, setRoles } from '../store/members.ts';
import { rolesIn } from '../store/memberships.ts';
import { createPrincipal, findPrincipal } from '../store/principals.ts';
import {
  MemberParams,
  memberRoutes,
  MemberView,
  needOwnMember,
  PersonName,
  requireGrant,
  RoleList,
  toMemberView,
} from './members.ts';

const closed = { additionalProperties: false } as const;

/** What a person types. */
export const LoginName = Type.String({
  pattern: LOGIN_NAME.pattern,
  description: 'Unique in the registry; an address will do.',
});

/** Lets the person choose a password, once, with `POST /v1/password`. */
export const Invitation = Type.Object({ token: Type.String(), expiresAt: Type.String() }, closed);

const NewUser = Type.Object({ login: LoginName, name: PersonName, roles: RoleList }, closed);
const InvitedUser = Type.Object({ user: MemberView, invitation: Invitation }, closed);
const NewMembership = Type.Object({ login: LoginName, roles: RoleList }, closed);

/** The people of an account: invited, given roles, disabled, helped with a lost password. */
export function userRoutes(app: App, service: Service): void {
  const tags = ['users'];
  const of = { kind: 'user', path: '/v1/users', tag: 'users' } as const;
  memberRoutes(app, service, { ...of, read: 'users:read', manage: 'users:manage' });
  app.post(
    '/v1/users',
    {
      config: { access: 'users:create' },
      schema: { tags, body: NewUser, response: { 201: InvitedUser } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const caller = memberOf(request);
        const { accountId } = caller;
        const { login, name, roles } = request.body;
        requireGrant(caller, roles);
        const wanted = { kind: 'user', accountId, login, name, roles } as const;
        const { id } = await createPrincipal(change, wanted);
        const owner = { accountId, principalId: id };
        const invitation = await issueOneTimeToken(change, owner, LIFE_MS.invitation);
        const user = toMemberView(await needMember(change.db, { accountId, kind: 'user' }, id));
        const headers = { location: `/v1/users/${id}` };
        return { status: 201, body: { user, invitation }, headers, isSecret: true };
      }),
  );
  app.post(
    '/v1/users/:id/reset',
    {
      config: { access: 'users:manage' },
      schema: { tags, params: MemberParams, response: { 201: Invitation } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const caller = memberOf(request);
        const { id } = request.params;
        await needOwnMember(change, caller, { id, kind: 'user' });
        const { accountId } = caller;
        const owner = { accountId, principalId: id };
        const body = await issueOneTimeToken(change, owner, LIFE_MS.reset);
        change.record({ accountId, type: 'principal.reset-offered', subject: id });
        return { status: 201, body, isSecret: true };
      }),
  );
  app.post(
    '/v1/memberships',
    {
      config: { access: 'users:manage' },
      schema: {
        tags,
        description: 'Gives roles here to a person whose own account is another.',
        body: NewMembership,
        response: { 201: MemberView },
      },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const caller = memberOf(request);
        const { accountId } = caller;
        const { login, roles } = request.body;
        requireGrant(caller, roles);
        await holdAccount(change, accountId);
        const person = await findPrincipal(change.db, { login });
        if (person?.kind !== 'user' || roles.length === 0) {
          throw new KeylineError('object-unknown', { message: 'there is no such person, or role' });
        }
        const place = { accountId, principalId: person.id };
        if (person.homeAccountId === accountId || (await rolesIn(change.db, place)).length > 0) {
          throw new KeylineError('state-conflict', { message: 'this person is a member already' });
        }
        await setRoles(change, place, roles);
        const found = await needMember(change.db, { accountId, kind: 'user' }, person.id);
        const headers = { location: `/v1/users/${person.id}` };
        return { status: 201, body: toMemberView(found), headers };
      }),
  );
}

import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { mayGrant, ROLES } from '../../model/role.ts';
import type { Permission, Role } from '../../model/role.ts';
import { memberOf } from '../auth/caller.ts';
import type { Member } from '../auth/caller.ts';
import { removeTotp } from '../auth/second-factor.ts';
import { sendVersion, versionToMatch } from '../http/etag.ts';
import { PAGE_QUERY, pageOf, readPage, sendPage } from '../http/page.ts';
import type { App, Service } from '../service.ts';
import {
  holdAccount,
  listMembers,
  needMember,
  NEVER_VACANT,
  readMember,
  requireHolder,
  setRoles,
  touchPrincipal,
} from '../store/members.ts';
import type { AccountMember } from '../store/members.ts';
import { setPrincipalState } from '../store/principals.ts';
import type { Principal } from '../store/principals.ts';
import { setStationLots } from '../store/station-lots.ts';
import type { Change } from '../store/store.ts';

const closed = { additionalProperties: false } as const;

export const RoleList = Type.Array(Type.Enum([...ROLES]), { maxItems: ROLES.length });
/** Ids of lots that a station is given. */
export const LotList = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1_000 });
export const PersonName = Type.String({ minLength: 1, maxLength: 128 });

/** A member as its account sees it. */
export const MemberView = Type.Object(
  {
    id: Type.String({ description: 'Of a system account: its client id.' }),
    kind: Type.Enum(['user', 'system']),
    login: Type.Optional(Type.String()),
    name: Type.String(),
    roles: RoleList,
    state: Type.Enum(['active', 'disabled']),
    isHome: Type.Boolean({ description: 'This account vouches for it.' }),
    hasTotp: Type.Boolean(),
    lots: Type.Optional(Type.Array(Type.String(), { description: 'Of a station.' })),
    createdAt: Type.String(),
  },
  closed,
);

export const MemberParams = Type.Object({ id: Type.String({ maxLength: 64 }) }, closed);

const MemberPatch = Type.Object(
  {
    name: Type.Optional(PersonName),
    roles: Type.Optional(RoleList),
    lots: Type.Optional(LotList),
    state: Type.Optional(Type.Enum(['active', 'disabled'])),
    hasTotp: Type.Optional(
      Type.Literal(false, { description: 'Takes a lost authenticator away.' }),
    ),
  },
  closed,
);

/** One kind of members: where they are, and who reads and manages them. */
export interface MemberKind {
  readonly kind: Principal['kind'];
  readonly path: string;
  readonly tag: string;
  readonly read: Permission;
  readonly manage: Permission;
}

/** What both kinds of members have: a list, one of them, and what of it can be changed. */
export function memberRoutes(app: App, { store, masterKey }: Service, of: MemberKind): void {
  const { kind, path, read, manage } = of;
  const tags = [of.tag];
  app.get(
    path,
    {
      config: { access: read },
      schema: {
        tags,
        querystring: Type.Object(PAGE_QUERY, closed),
        response: { 200: pageOf(MemberView) },
      },
    },
    async (request, reply) => {
      const { accountId } = memberOf(request);
      const { limit, after } = readPage(masterKey, request, { accountId });
      const last = after?.[0] as string | undefined;
      const asked = { limit: limit + 1, after: last };
      const rows = await listMembers(store.reader, { accountId, kind }, asked);
      const about = { masterKey, request, reply, scope: { accountId } };
      const page = sendPage(about, { limit, rows }, ({ principal }) => [principal.id]);
      return { ...page, items: page.items.map(toMemberView) };
    },
  );
  app.get(
    `${path}/:id`,
    {
      config: { access: read },
      schema: { tags, params: MemberParams, response: { 200: MemberView } },
    },
    async (request, reply) => {
      const { accountId } = memberOf(request);
      const found = await needMember(store.reader, { accountId, kind }, request.params.id);
      sendVersion(reply, found.principal.version);
      return toMemberView(found);
    },
  );
  app.patch(
    `${path}/:id`,
    {
      config: { access: manage },
      schema: { tags, params: MemberParams, body: MemberPatch, response: { 200: MemberView } },
    },
    async (request, reply) => {
      const caller = memberOf(request);
      const version = versionToMatch(request);
      const { id } = request.params;
      const place = { accountId: caller.accountId, kind };
      const origin = { actor: caller.principalId, requestId: request.id };
      const changed = await store.change(origin, async (change) => {
        await holdAccount(change, caller.accountId);
        const found = await needMember(change.db, place, id);
        await apply(change, { caller, found, version }, request.body);
        // Whoever has no role left here is shown once more, as what it has become.
        return (await readMember(change.db, place, id)) ?? found;
      });
      sendVersion(reply, changed.principal.version);
      return toMemberView(changed);
    },
  );
}

/** Throws `forbidden` unless every role in `roles` is the caller's to give. */
export function requireGrant(caller: Member, roles: readonly Role[]): void {
  if (mayGrant(caller, roles)) return;
  throw new KeylineError('forbidden', {
    message: 'a role among these is not yours to give or to take',
    facts: { roles: roles.filter((role) => !mayGrant(caller, [role])) },
  });
}

/** The member, if it is the caller's to manage. Throws `object-unknown`, `forbidden`. */
export async function needOwnMember(
  change: Change,
  caller: Member,
  { id, kind }: Pick<Principal, 'id' | 'kind'>,
): Promise<AccountMember> {
  const found = await needMember(change.db, { accountId: caller.accountId, kind }, id);
  requireGrant(caller, found.roles);
  requireHome(found);
  return found;
}

/** What of the rows is shown. */
export function toMemberView(member: AccountMember): Static<typeof MemberView> {
  const { id, kind, login, name, state, totp, createdAt } = member.principal;
  return {
    ...{ id, kind, name, state, createdAt, isHome: member.isHome, roles: [...member.roles] },
    ...(login !== null && { login }),
    hasTotp: totp !== null,
    ...(member.lots && { lots: [...member.lots] }),
  };
}

async function apply(
  change: Change,
  { caller, found, version }: { caller: Member; found: AccountMember; version: number },
  { name, roles, lots, state, hasTotp }: Static<typeof MemberPatch>,
): Promise<void> {
  const { accountId } = caller;
  const { id } = found.principal;
  requireGrant(caller, [...found.roles, ...(roles ?? [])]);
  if (name !== undefined || state !== undefined || hasTotp !== undefined) requireHome(found);
  await touchPrincipal(change, { id, version }, name === undefined ? {} : { name });
  if (roles) await setRoles(change, { accountId, principalId: id }, roles);
  const place = { accountId, principalId: id, roles: roles ?? found.roles };
  if (lots) await setStationLots(change, place, lots);
  else if (found.lots?.length && !place.roles.includes('station')) {
    await setStationLots(change, place, []);
  }
  if (hasTotp === false) await removeTotp(change, found.principal);
  if (state) await setPrincipalState(change, { id, accountId }, state);
  for (const role of NEVER_VACANT) {
    if (found.roles.includes(role)) await requireHolder(change, accountId, role);
  }
}

function requireHome({ isHome }: AccountMember): void {
  if (isHome) return;
  throw new KeylineError('forbidden', { message: 'only the account it comes from may do this' });
}

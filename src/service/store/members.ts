import { KeylineError } from '../../kernel/errors.ts';
import type { Role } from '../../model/role.ts';
import { rolesIn } from './memberships.ts';
import type { Principal } from './principals.ts';
import { lotsOfStation } from './station-lots.ts';
import type { Change, Reader } from './store.ts';

/** A person or a machine as an account sees it: its own, or one that has roles there. */
export interface AccountMember {
  readonly principal: Principal;
  readonly roles: readonly Role[];
  /** The account vouches for it: only there it is renamed, disabled, and given another secret. */
  readonly isHome: boolean;
  /** Ids of the lots that a station was given; undefined for others. */
  readonly lots?: readonly string[];
}

/** Which of an account's members. */
export interface MemberPlace {
  readonly accountId: string;
  readonly kind: Principal['kind'];
}

/** The account's members of one kind by id, at most `limit` after `after`. */
export async function listMembers(
  db: Reader,
  { accountId, kind }: MemberPlace,
  { limit, after }: { readonly limit: number; readonly after: string | undefined },
): Promise<AccountMember[]> {
  let query = db
    .selectFrom('principals')
    .selectAll()
    .where('kind', '=', kind)
    .where((eb) =>
      eb.or([
        eb('homeAccountId', '=', accountId),
        eb(
          'id',
          'in',
          eb.selectFrom('memberships').select('principalId').where('accountId', '=', accountId),
        ),
      ]),
    )
    .orderBy('id')
    .limit(limit);
  if (after !== undefined) query = query.where('id', '>', after);
  const principals = await query.execute();
  const members: AccountMember[] = [];
  for (const principal of principals) members.push(await asMember(db, accountId, principal));
  return members;
}

/** The account's member with this id. Throws `object-unknown` for another account's too. */
export async function needMember(
  db: Reader,
  place: MemberPlace,
  id: string,
): Promise<AccountMember> {
  const member = await readMember(db, place, id);
  if (member && (member.isHome || member.roles.length > 0)) return member;
  throw new KeylineError('object-unknown', { message: 'the account has no such member' });
}

/** The same of whoever has the id, also one that has no role in the account, or none any more. */
export async function readMember(
  db: Reader,
  { accountId, kind }: MemberPlace,
  id: string,
): Promise<AccountMember | undefined> {
  const principal = await db
    .selectFrom('principals')
    .selectAll()
    .where('id', '=', id)
    .where('kind', '=', kind)
    .executeTakeFirst();
  return principal && (await asMember(db, accountId, principal));
}

/**
 * The first admin of the account with this handle, of whose admins, guests among them, none has a password yet: from
 * then on they help each other. They are held until the commit, so that none chooses one meanwhile. Throws
 * `object-unknown`, `state-conflict`.
 */
export async function needUnusedAdmin(
  { db, dialect }: Change,
  handle: string,
): Promise<AccountMember> {
  const admins = await db
    .selectFrom('memberships')
    .innerJoin('accounts', 'accounts.id', 'memberships.accountId')
    .innerJoin('principals', 'principals.id', 'memberships.principalId')
    .select([
      'principals.id',
      'principals.homeAccountId',
      'accounts.id as accountId',
      'secretDigest',
    ])
    .where('accounts.handle', '=', handle)
    .where('memberships.role', '=', 'account-admin')
    .where('principals.kind', '=', 'user')
    .orderBy('principals.id')
    .$if(dialect === 'postgres', (query) => query.forUpdate('principals'))
    .execute();
  const first = admins.find(({ homeAccountId, accountId }) => homeAccountId === accountId);
  if (!first) {
    throw new KeylineError('object-unknown', {
      message: 'there is no account of this handle with an admin of its own',
    });
  }
  if (admins.some(({ secretDigest }) => secretDigest !== null)) {
    throw new KeylineError('state-conflict', {
      message: 'an admin of this account has chosen a password already',
      hint: 'An admin of the account helps its people: `keyline registry user reset`.',
    });
  }
  return await needMember(db, { accountId: first.accountId, kind: 'user' }, first.id);
}

/**
 * Puts these roles in place of those that the member has in the account; none at all end its membership
 * and its tokens there. Whether anybody is left to manage the account is for `requireHolder` to say.
 */
export async function setRoles(
  change: Change,
  { accountId, principalId }: { readonly accountId: string; readonly principalId: string },
  roles: readonly Role[],
): Promise<void> {
  await change.db
    .deleteFrom('memberships')
    .where('accountId', '=', accountId)
    .where('principalId', '=', principalId)
    .execute();
  const rows = [...new Set(roles)].map((role) => ({ accountId, principalId, role }));
  if (rows.length > 0) await change.db.insertInto('memberships').values(rows).execute();
  else {
    // They would be valid again if it were let in again within the hour.
    await change.db
      .deleteFrom('sessions')
      .where('accountId', '=', accountId)
      .where('principalId', '=', principalId)
      .execute();
  }
  const data = { roles: [...roles].sort().join(' ') };
  change.record({ accountId, type: 'membership.changed', subject: principalId, data });
}

/** Renames, and takes the version that the change was decided on. Throws `precondition-failed`. */
export async function touchPrincipal(
  change: Change,
  { id, version }: Pick<Principal, 'id' | 'version'>,
  set: { readonly name?: string },
): Promise<void> {
  const { numUpdatedRows } = await change.db
    .updateTable('principals')
    .set((eb) => ({ ...set, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .where('version', '=', version)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return;
  throw new KeylineError('precondition-failed', { message: 'the member was changed meanwhile' });
}

/** Takes the account's row until the commit: two who would each remove the other's admin, or let in one guest, wait. */
export async function holdAccount({ db }: Change, accountId: string): Promise<void> {
  await db
    .updateTable('accounts')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', accountId)
    .execute();
}

/** Roles that nobody outside could give again: what only their holders may do would never be done any more. */
export const NEVER_VACANT = ['account-admin', 'platform-admin'] as const;

/** Throws `state-conflict` where the account has no active person left with this role. */
export async function requireHolder(
  { db }: Change,
  accountId: string,
  role: (typeof NEVER_VACANT)[number],
): Promise<void> {
  const holder = await db
    .selectFrom('memberships')
    .innerJoin('principals', 'principals.id', 'memberships.principalId')
    .select('principals.id')
    .where('memberships.accountId', '=', accountId)
    .where('memberships.role', '=', role)
    .where('principals.kind', '=', 'user')
    .where('principals.state', '=', 'active')
    .executeTakeFirst();
  if (holder) return;
  throw new KeylineError('state-conflict', {
    message: `nobody would be left who manages this ${role === 'platform-admin' ? 'registry' : 'account'}`,
    hint: `Give another person the role ${role} first.`,
  });
}

async function asMember(
  db: Reader,
  accountId: string,
  principal: Principal,
): Promise<AccountMember> {
  const roles = await rolesIn(db, { accountId, principalId: principal.id });
  const member = { principal, roles, isHome: principal.homeAccountId === accountId };
  if (!roles.includes('station')) return member;
  return { ...member, lots: await lotsOfStation(db, { accountId, principalId: principal.id }) };
}

import type { Role } from '../../model/role.ts';
import type { Reader } from './store.ts';

/** An account in which a principal is something. */
export interface Membership {
  readonly accountId: string;
  readonly handle: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

/** The active accounts that the principal is a member of, by handle. */
export async function membershipsOf(db: Reader, principalId: string): Promise<Membership[]> {
  const rows = await db
    .selectFrom('memberships')
    .innerJoin('accounts', 'accounts.id', 'memberships.accountId')
    .select(['memberships.accountId', 'memberships.role', 'accounts.handle', 'accounts.name'])
    .where('memberships.principalId', '=', principalId)
    .where('accounts.state', '=', 'active')
    .orderBy('accounts.handle')
    .orderBy('memberships.role')
    .execute();
  const found = new Map<string, Membership & { roles: Role[] }>();
  for (const { role, ...account } of rows) {
    const one = found.get(account.accountId) ?? { ...account, roles: [] };
    one.roles.push(role);
    found.set(account.accountId, one);
  }
  return [...found.values()];
}

/** The principal's roles in the account; none where it is no member. */
export async function rolesIn(
  db: Reader,
  { accountId, principalId }: { readonly accountId: string; readonly principalId: string },
): Promise<Role[]> {
  const rows = await db
    .selectFrom('memberships')
    .select('role')
    .where('accountId', '=', accountId)
    .where('principalId', '=', principalId)
    .orderBy('role')
    .execute();
  return rows.map(({ role }) => role);
}

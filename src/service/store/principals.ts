import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import type { Role } from '../../model/role.ts';
import { newId } from './new-id.ts';
import type { Change, Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type Principal = Readonly<Selectable<Tables['principals']>>;

/** A person or a machine that is to be. */
export interface NewPrincipal {
  readonly kind: Principal['kind'];
  readonly accountId: string;
  /** For a user. */
  readonly login?: string | undefined;
  readonly name: string;
  /** A password's or a client secret's record. */
  readonly secretDigest?: string | undefined;
  readonly roles: readonly Role[];
}

/** Makes a principal with its roles in its own account. Throws `name-taken` for a login that is in use. */
export async function createPrincipal(change: Change, wanted: NewPrincipal): Promise<Principal> {
  const { kind, accountId, login, name, secretDigest, roles } = wanted;
  const principal: Principal = {
    ...{ id: newId('pr', change.at), kind, homeAccountId: accountId, name },
    login: login ?? null,
    state: 'active',
    secretDigest: secretDigest ?? null,
    secretVersion: 1,
    ...{ totp: null, totpPending: null, totpStep: null },
    createdAt: change.at,
    version: 1,
  };
  const inserted = await change.db
    .insertInto('principals')
    .values(principal)
    .onConflict((conflict) => conflict.column('login').doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) {
    throw new KeylineError('name-taken', { message: 'this log-in name is in use' });
  }
  const { id: principalId } = principal;
  const memberships = roles.map((role) => ({ accountId, principalId, role }));
  if (memberships.length > 0) {
    await change.db.insertInto('memberships').values(memberships).execute();
  }
  change.record({ accountId, type: 'principal.created', subject: principalId, data: { kind } });
  return principal;
}

/** The principal with this id or log-in name, whatever its state, or undefined. */
export async function findPrincipal(
  db: Reader,
  by: { readonly id: string } | { readonly login: string },
): Promise<Principal | undefined> {
  const query = db.selectFrom('principals').selectAll();
  return await (
    'id' in by ? query.where('id', '=', by.id) : query.where('login', '=', by.login)
  ).executeTakeFirst();
}

/** Puts another secret in place; every token that the old one gave has ended when this commits. */
export async function rotateSecret(
  change: Change,
  { id, accountId }: { readonly id: string; readonly accountId: string },
  secretDigest: string,
): Promise<void> {
  await endTokens(change, { id, accountId }, { secretDigest }, 'principal.rotated');
}

/** Disables or enables; every token has ended when this commits. */
export async function setPrincipalState(
  change: Change,
  { id, accountId }: { readonly id: string; readonly accountId: string },
  state: Principal['state'],
): Promise<void> {
  await endTokens(change, { id, accountId }, { state }, `principal.${state}`);
}

async function endTokens(
  change: Change,
  { id, accountId }: { readonly id: string; readonly accountId: string },
  set: Partial<Pick<Principal, 'state' | 'secretDigest'>>,
  type: string,
): Promise<void> {
  const { numUpdatedRows } = await change.db
    .updateTable('principals')
    .set((eb) => ({
      ...set,
      secretVersion: eb('secretVersion', '+', 1),
      version: eb('version', '+', 1),
    }))
    .where('id', '=', id)
    .where('homeAccountId', '=', accountId)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    throw new KeylineError('object-unknown', { message: 'there is no such principal' });
  }
  await change.db.deleteFrom('sessions').where('principalId', '=', id).execute();
  change.record({ accountId, type, subject: id });
}

import type { Selectable } from 'kysely';
import { KeylineError } from '../../kernel/errors.ts';
import { newId } from './new-id.ts';
import { AUDIT_GENESIS } from './records.ts';
import type { Change, Reader } from './store.ts';
import type { AccountKind, Flag, Tables } from './tables.ts';

export type Account = Readonly<Selectable<Tables['accounts']>>;

/** What is said of an account that is to be. */
export interface NewAccount {
  /** Public: how others address a transfer. `[a-z0-9-]`, 3 to 40 characters. */
  readonly handle: string;
  readonly name: string;
  readonly kind: AccountKind;
  readonly isTest?: boolean;
}

/** What of an account can be changed. */
export interface AccountChanges {
  readonly name?: string | undefined;
  readonly state?: Account['state'] | undefined;
  readonly isReceiving?: boolean | undefined;
  readonly needsTotp?: boolean | undefined;
  readonly allowsRegistration?: boolean | undefined;
}

/** Makes an account with its own chain and feed. Throws `name-taken` for a handle that is in use. */
export async function createAccount(change: Change, wanted: NewAccount): Promise<Account> {
  const account: Account = {
    id: newId('ac', change.at),
    handle: wanted.handle,
    name: wanted.name,
    kind: wanted.kind,
    state: 'active',
    isTest: flag(wanted.isTest ?? false),
    isReceiving: 1,
    needsTotp: 0,
    allowsRegistration: 0,
    createdAt: change.at,
    version: 1,
  };
  const inserted = await change.db
    .insertInto('accounts')
    .values(account)
    .onConflict((conflict) => conflict.column('handle').doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows !== 1n) {
    throw new KeylineError('name-taken', { message: `the handle ${wanted.handle} is in use` });
  }
  const counters = { eventSeq: 0, auditSeq: 0, auditHash: AUDIT_GENESIS };
  await change.db
    .insertInto('counters')
    .values({ accountId: account.id, ...counters })
    .execute();
  const data = { kind: account.kind };
  change.record({ accountId: account.id, type: 'account.created', subject: account.id, data });
  return account;
}

/** The account, or undefined. */
export async function findAccount(db: Reader, id: string): Promise<Account | undefined> {
  return await db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The account with this handle, or undefined. */
export async function findAccountByHandle(
  db: Reader,
  handle: string,
): Promise<Account | undefined> {
  return await db
    .selectFrom('accounts')
    .selectAll()
    .where('handle', '=', handle)
    .executeTakeFirst();
}

/** Changes what is given, if the account is still at `version`. Throws `precondition-failed`. */
export async function changeAccount(
  change: Change,
  { id, version }: Pick<Account, 'id' | 'version'>,
  changes: AccountChanges,
): Promise<Account> {
  const { name, state, isReceiving, needsTotp, allowsRegistration } = changes;
  const account = await change.db
    .updateTable('accounts')
    .set((eb) => ({
      version: eb('version', '+', 1),
      ...(name !== undefined && { name }),
      ...(state !== undefined && { state }),
      ...(isReceiving !== undefined && { isReceiving: flag(isReceiving) }),
      ...(needsTotp !== undefined && { needsTotp: flag(needsTotp) }),
      ...(allowsRegistration !== undefined && { allowsRegistration: flag(allowsRegistration) }),
    }))
    .where('id', '=', id)
    .where('version', '=', version)
    .returningAll()
    .executeTakeFirst();
  if (!account) throw new KeylineError('precondition-failed', { message: 'the account changed' });
  // The name is left out: the log holds no names.
  const data = { state: account.state, version: account.version };
  change.record({ accountId: id, type: 'account.changed', subject: id, data });
  return account;
}

/** As a database keeps it. */
export function flag(value: boolean): Flag {
  return value ? 1 : 0;
}

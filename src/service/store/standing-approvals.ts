import { KeylineError } from '../../kernel/errors.ts';
import { findAccountByHandle } from './accounts.ts';
import type { Change, Reader } from './store.ts';
import { decideWhole } from './transfer-decision.ts';
import type { Transfer } from './transfers.ts';

/** From this account everything is accepted. */
export interface StandingApproval {
  /** Handle. */
  readonly from: string;
  readonly createdAt: string;
}

/**
 * Accepts from now on what the account with this handle offers; what it has offered already is left to be
 * decided. One that stands is not made again. Throws `object-unknown`.
 */
export async function addStandingApproval(
  change: Change,
  accountId: string,
  from: string,
): Promise<StandingApproval> {
  const source = await findAccountByHandle(change.db, from);
  if (source?.state !== 'active' || source.kind === 'platform' || source.id === accountId) {
    throw new KeylineError('object-unknown', {
      message: 'no other account has this handle',
      hint: 'Ask the other account for its handle, which `keyline registry account show` says there.',
    });
  }
  const sourceAccountId = source.id;
  const inserted = await change.db
    .insertInto('standingApprovals')
    .values({ accountId, sourceAccountId, createdAt: change.at })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) {
    change.record({ accountId, type: 'standing-approval.added', subject: sourceAccountId });
  }
  const { createdAt } = await change.db
    .selectFrom('standingApprovals')
    .select('createdAt')
    .where('accountId', '=', accountId)
    .where('sourceAccountId', '=', sourceAccountId)
    .executeTakeFirstOrThrow();
  return { from, createdAt };
}

/** What comes from this account is left to be decided again. Throws `object-unknown`. */
export async function removeStandingApproval(
  change: Change,
  accountId: string,
  from: string,
): Promise<void> {
  const source = await findAccountByHandle(change.db, from);
  const removed = await change.db
    .deleteFrom('standingApprovals')
    .where('accountId', '=', accountId)
    .where('sourceAccountId', '=', source?.id ?? '')
    .executeTakeFirst();
  if (!source || removed.numDeletedRows !== 1n) {
    throw new KeylineError('object-unknown', { message: 'there is no such standing approval' });
  }
  change.record({ accountId, type: 'standing-approval.removed', subject: source.id });
}

/** The account's standing approvals after this handle, in the order of handles. */
export async function listStandingApprovals(
  db: Reader,
  accountId: string,
  { limit, after = '' }: { readonly limit: number; readonly after?: string | undefined },
): Promise<StandingApproval[]> {
  return await db
    .selectFrom('standingApprovals as s')
    .innerJoin('accounts as a', 'a.id', 's.sourceAccountId')
    .select(['a.handle as from', 's.createdAt'])
    .where('s.accountId', '=', accountId)
    .where('a.handle', '>', after)
    .orderBy('a.handle')
    .limit(limit)
    .execute();
}

/** Accepts all of an offer that was made just now, where the destination has said so beforehand. */
export async function applyStandingApproval(change: Change, transfer: Transfer): Promise<Transfer> {
  const stands = await change.db
    .selectFrom('standingApprovals')
    .select('createdAt')
    .where('accountId', '=', transfer.destinationAccountId)
    .where('sourceAccountId', '=', transfer.sourceAccountId)
    .executeTakeFirst();
  if (!stands) return transfer;
  const decision = { move: 'accepted', except: [], opposite: 'refused', reason: null } as const;
  return await decideWhole(change, { ...transfer, isStanding: 1 }, decision);
}

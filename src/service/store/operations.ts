import type { Selectable } from 'kysely';
import { later } from '../../kernel/clock.ts';
import { newId } from './new-id.ts';
import type { Change, Reader } from './store.ts';
import type { Tables } from './tables.ts';

export type Operation = Readonly<Selectable<Tables['operations']>>;

/** Work that outlasts a request. */
export interface NewOperation {
  readonly accountId: string;
  /** `<noun>.<verb>`, which says who carries it out: `upload.commit`. */
  readonly kind: string;
  /** The id of what it works on. */
  readonly subject: string;
  /** Steps in all, for progress. */
  readonly total: number;
  /** What the worker needs to begin again after a crash. */
  readonly input?: unknown;
}

/** How long a process may be silent before another takes its operation over. */
const LEASE_MS = 30_000;

/** Notes work to be done; whoever carries it out is woken by the operation's kind. */
export async function createOperation(change: Change, wanted: NewOperation): Promise<Operation> {
  const { accountId, kind, subject, total, input } = wanted;
  const operation: Operation = {
    ...{ id: newId('op', change.at), accountId, kind, subject, total },
    state: 'waiting',
    done: 0,
    input: input === undefined ? null : JSON.stringify(input),
    ...{ result: null, problem: null, leaseEndsAt: null },
    createdAt: change.at,
    version: 1,
  };
  await change.db.insertInto('operations').values(operation).execute();
  change.record({ accountId, type: 'operation.created', subject: operation.id, data: { kind } });
  change.wake(kind);
  return operation;
}

/** The account's operation, or undefined. */
export async function findOperation(
  db: Reader,
  accountId: string,
  id: string,
): Promise<Operation | undefined> {
  return await db
    .selectFrom('operations')
    .selectAll()
    .where('id', '=', id)
    .where('accountId', '=', accountId)
    .executeTakeFirst();
}

/** The account's operations before this id, the newest first. */
export async function listOperations(
  db: Reader,
  accountId: string,
  { limit, before }: { readonly limit: number; readonly before?: string | undefined },
): Promise<Operation[]> {
  return await db
    .selectFrom('operations')
    .selectAll()
    .where('accountId', '=', accountId)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Takes the oldest operation of this kind that nobody works on, with a lease of 30 s, or undefined. */
export async function takeOperation(change: Change, kind: string): Promise<Operation | undefined> {
  const free = change.db
    .selectFrom('operations')
    .select('id')
    .where('kind', '=', kind)
    .where('state', 'in', ['waiting', 'running'])
    .where((eb) => eb.or([eb('leaseEndsAt', 'is', null), eb('leaseEndsAt', '<=', change.at)]))
    .orderBy('id')
    .limit(1);
  const { id } = (await free.executeTakeFirst()) ?? {};
  if (id === undefined) return undefined;
  return await change.db
    .updateTable('operations')
    .set((eb) => ({
      state: 'running',
      leaseEndsAt: leaseEnd(change.at),
      version: eb('version', '+', 1),
    }))
    .where('id', '=', id)
    .where((eb) => eb.or([eb('leaseEndsAt', 'is', null), eb('leaseEndsAt', '<=', change.at)]))
    .returningAll()
    .executeTakeFirst();
}

/**
 * Ends every lease, so that what a process left that was killed goes on at once. Only for whoever knows that
 * no other process works on this database.
 */
export async function endLeases(change: Change): Promise<void> {
  await change.db
    .updateTable('operations')
    .set((eb) => ({ leaseEndsAt: null, version: eb('version', '+', 1) }))
    .where('leaseEndsAt', 'is not', null)
    .execute();
}

/**
 * Says how far it is, in the transaction of that step, and renews the lease. Resolves to undefined where
 * the lease was lost: the transaction must not be committed then.
 */
export async function advanceOperation(
  change: Change,
  { id, version }: Operation,
  done: number,
): Promise<Operation | undefined> {
  return await change.db
    .updateTable('operations')
    .set({ done, leaseEndsAt: leaseEnd(change.at), version: version + 1 })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('state', '=', 'running')
    .returningAll()
    .executeTakeFirst();
}

/** Gives the lease back, so that another process need not wait for its end; a lost one is no error. */
export async function releaseOperation(
  change: Change,
  { id, version, kind }: Operation,
): Promise<void> {
  await change.db
    .updateTable('operations')
    .set({ leaseEndsAt: null, version: version + 1 })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('state', '=', 'running')
    .execute();
  change.wake(kind);
}

/** Ends it, once; resolves to undefined where the lease was lost. */
export async function endOperation(
  change: Change,
  { id, version, accountId, kind }: Operation,
  end: { readonly result: unknown } | { readonly problem: unknown },
): Promise<Operation | undefined> {
  const state = 'result' in end ? 'succeeded' : 'failed';
  const ended = await change.db
    .updateTable('operations')
    .set({
      state,
      leaseEndsAt: null,
      version: version + 1,
      ...('result' in end
        ? { result: JSON.stringify(end.result) }
        : { problem: JSON.stringify(end.problem) }),
    })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('state', '=', 'running')
    .returningAll()
    .executeTakeFirst();
  if (ended) change.record({ accountId, type: `operation.${state}`, subject: id, data: { kind } });
  return ended;
}

function leaseEnd(at: string): string {
  return later(at, LEASE_MS);
}

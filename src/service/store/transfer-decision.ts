import { KeylineError } from '../../kernel/errors.ts';
import { ITEM_MOVES, nextItemState, transferState } from '../../model/transfer-state.ts';
import type { ItemCounts, ItemMove, ItemState } from '../../model/transfer-state.ts';
import { createOperation } from './operations.ts';
import type { Change, Reader } from './store.ts';
import { moveRows } from './transfer-rows.ts';
import type { RowMove } from './transfer-rows.ts';
import { countRows } from './transfers.ts';
import type { Transfer } from './transfers.ts';

/** What becomes of all items that are still offered; its rows may follow the transaction that says it. */
export interface WholeDecision {
  readonly move: ItemMove;
  /** Ids of devices of which the opposite is decided. */
  readonly except: readonly string[];
  readonly opposite: ItemMove;
  readonly reason: string | null;
}

/** The kind of operation that carries a decision out. */
export const APPLY = 'transfer.apply';

/** Items whose rows a decision moves in its own transaction. */
const AT_ONCE = 1_000;

/** The decision whose rows follow, or undefined. */
export function pendingDecision({ decision }: Transfer): WholeDecision | undefined {
  return decision === null ? undefined : (JSON.parse(decision) as WholeDecision);
}

/**
 * The transfer for whoever decides on it, held until the transaction ends. Throws `object-unknown` for one
 * that is not this party's.
 */
export async function lockTransfer(
  { db, dialect }: Change,
  party: { readonly accountId: string; readonly as: 'source' | 'destination' },
  id: string,
): Promise<Transfer> {
  const transfer = await db
    .selectFrom('transfers')
    .selectAll()
    .where('id', '=', id)
    .where(party.as === 'source' ? 'sourceAccountId' : 'destinationAccountId', '=', party.accountId)
    .where('preparing', 'is', null)
    .$if(dialect === 'postgres', (query) => query.forUpdate())
    .executeTakeFirst();
  if (transfer) return transfer;
  throw new KeylineError('object-unknown', { message: 'there is no such transfer' });
}

/** What an item is, its row changed already or not. */
export function effectiveState(transfer: Transfer, deviceId: string, state: ItemState): ItemState {
  const decision = pendingDecision(transfer);
  if (!decision || state !== 'offered') return state;
  return decision.except.includes(deviceId) ? decision.opposite : decision.move;
}

/** How many items are in each state, a decision whose rows follow counted as done. */
export async function countItems(db: Reader, transfer: Transfer): Promise<ItemCounts> {
  const counts = await countRows(db, transfer.id);
  const decision = pendingDecision(transfer);
  if (!decision) return counts;
  const others = await stillOffered(db, transfer.id, decision.except);
  const most = counts.offered - others;
  const decided = { ...counts, offered: 0, [decision.move]: counts[decision.move] + most };
  return { ...decided, [decision.opposite]: decided[decision.opposite] + others };
}

/**
 * Decides on everything that is still offered, once: the same again is the same answer. With more than a
 * thousand items it is one small transaction, and an operation moves the rows. Throws
 * `transfer-already-decided`, and `object-unknown` for an exception that is no item.
 */
export async function decideWhole(
  change: Change,
  transfer: Transfer,
  decision: WholeDecision,
): Promise<Transfer> {
  const pending = pendingDecision(transfer);
  const text = JSON.stringify(decision);
  if (pending) {
    if (JSON.stringify(pending) === text) return transfer;
    throw alreadyDecided();
  }
  const exceptions = await statesOf(change, transfer, decision.except);
  const counts = await countRows(change.db, transfer.id);
  const isFresh = [...exceptions.values()].every((state) => state === 'offered');
  if (counts.offered === 0 || !isFresh) {
    if (counts.offered === 0 && isSame(decision, counts, exceptions)) return transfer;
    throw alreadyDecided();
  }
  refuseLate(change, transfer, decision.move);
  if (transfer.items <= AT_ONCE) {
    const rows = await change.db
      .selectFrom('transferItems')
      .select('deviceId')
      .where('transferId', '=', transfer.id)
      .where('state', '=', 'offered')
      .execute();
    const moves = rows.map(({ deviceId }) => moveOf(decision, deviceId));
    return await decideRows(change, transfer, moves);
  }
  const decided = { ...transfer, decision: text };
  const after = await countItems(change.db, decided);
  await createOperation(change, {
    ...{ accountId: partyOf(transfer, decision.move), kind: APPLY, subject: transfer.id },
    total: counts.offered,
  });
  return await settle(change, decided, after);
}

/** Decides on these items, at most a thousand. Throws `transfer-already-decided`, `object-unknown`. */
export async function decideItems(
  change: Change,
  transfer: Transfer,
  moves: readonly RowMove[],
): Promise<Transfer> {
  const states = await statesOf(
    change,
    transfer,
    moves.map(({ deviceId }) => deviceId),
  );
  const fresh = moves.filter(({ deviceId, move }) => {
    const state = effectiveState(transfer, deviceId, states.get(deviceId) ?? 'offered');
    if (nextItemState(state, move, ITEM_MOVES[move]) === undefined) throw alreadyDecided();
    return state === 'offered';
  });
  if (fresh.length === 0) return transfer;
  for (const { move } of fresh) refuseLate(change, transfer, move);
  return await decideRows(change, transfer, fresh);
}

/** What the decision says of one device. */
export function moveOf(decision: WholeDecision, deviceId: string): RowMove {
  const move = decision.except.includes(deviceId) ? decision.opposite : decision.move;
  // The reason is for what was not accepted.
  return { deviceId, move, reason: move === 'accepted' ? null : decision.reason };
}

async function decideRows(
  change: Change,
  transfer: Transfer,
  moves: readonly RowMove[],
): Promise<Transfer> {
  await moveRows(change, transfer, moves);
  return await settle(change, transfer, await countRows(change.db, transfer.id));
}

/** Stores the state that follows from the items: whoever comes second sees another version. */
async function settle(change: Change, transfer: Transfer, counts: ItemCounts): Promise<Transfer> {
  const state = transferState(counts);
  const settled = await change.db
    .updateTable('transfers')
    .set({
      ...{ state, decision: transfer.decision, isStanding: transfer.isStanding },
      version: transfer.version + 1,
    })
    .where('id', '=', transfer.id)
    .where('version', '=', transfer.version)
    .returningAll()
    .executeTakeFirst();
  if (!settled) throw alreadyDecided();
  for (const accountId of [transfer.sourceAccountId, transfer.destinationAccountId]) {
    change.record({
      ...{ accountId, type: `transfer.${state}`, subject: transfer.id },
      data: { ...counts, ...(transfer.isStanding === 1 && { standingApproval: true }) },
    });
  }
  return settled;
}

async function statesOf(
  { db }: Change,
  transfer: Transfer,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ItemState>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('transferItems')
    .select(['deviceId', 'state'])
    .where('transferId', '=', transfer.id)
    .where('deviceId', 'in', ids)
    .execute();
  if (rows.length === new Set(ids).size) {
    return new Map(rows.map(({ deviceId, state }) => [deviceId, state]));
  }
  throw new KeylineError('object-unknown', { message: 'a device is not one of this transfer' });
}

async function stillOffered(db: Reader, id: string, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const { n } = await db
    .selectFrom('transferItems')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('transferId', '=', id)
    .where('deviceId', 'in', ids)
    .where('state', '=', 'offered')
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Whether it is what was decided; the source, and time, end what the destination has left. */
function isSame(
  { move, opposite }: WholeDecision,
  counts: ItemCounts,
  exceptions: ReadonlyMap<string, ItemState>,
): boolean {
  if (ITEM_MOVES[move] !== 'destination') return counts[move] > 0;
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const areOpposite = [...exceptions.values()].every((state) => state === opposite);
  return areOpposite && counts[move] + exceptions.size === total;
}

/** From its end on an offer can only expire, which is noted within the worker's next turn. */
function refuseLate({ at }: Change, { expiresAt }: Transfer, move: ItemMove): void {
  if (expiresAt > at || move === 'expired') return;
  throw new KeylineError('transfer-already-decided', { message: 'the time of this offer is over' });
}

function partyOf(transfer: Transfer, move: ItemMove): string {
  return ITEM_MOVES[move] === 'destination'
    ? transfer.destinationAccountId
    : transfer.sourceAccountId;
}

function alreadyDecided(): KeylineError {
  return new KeylineError('transfer-already-decided', {
    message: 'it was decided otherwise before',
  });
}

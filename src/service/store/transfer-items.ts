import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import type { ItemState } from '../../model/transfer-state.ts';
import type { Reader } from './store.ts';
import type { Tables } from './tables.ts';
import { effectiveState, pendingDecision } from './transfer-decision.ts';
import type { Transfer } from './transfers.ts';

/** One device of a transfer, in the state that the transfer's decision gives it. */
export interface TransferItem {
  readonly deviceId: string;
  readonly serial: string;
  /** Of its active credential. */
  readonly endpointKey: string | null;
  readonly model: string | null;
  readonly state: ItemState;
  readonly reason: string | null;
  readonly decidedAt: string | null;
}

/** Which items are asked for, in the order of device ids. */
export interface ItemPage {
  readonly limit: number;
  /** The device before them. */
  readonly after?: string | undefined;
  readonly state?: ItemState | undefined;
}

/** The items of a transfer, or those in one state, a decision whose rows follow taken as done. */
export async function listItems(
  db: Reader,
  transfer: Transfer,
  { limit, after = '', state: wanted }: ItemPage,
): Promise<TransferItem[]> {
  const rows = await db
    .selectFrom('transferItems as i')
    .innerJoin('devices as d', 'd.id', 'i.deviceId')
    .leftJoin('credentials as c', (join) =>
      join.onRef('c.deviceId', '=', 'd.id').on('c.isActive', '=', 1),
    )
    .select(['i.deviceId', 'd.serial', 'c.endpointKey', 'd.model'])
    .select(['i.state', 'i.reason', 'i.decidedAt'])
    .where('i.transferId', '=', transfer.id)
    .where('i.deviceId', '>', after)
    .$if(wanted !== undefined, (query) =>
      query.where((eb) => isInState(eb, transfer, wanted ?? 'offered')),
    )
    .orderBy('i.deviceId')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    ...row,
    state: effectiveState(transfer, row.deviceId, row.state),
  }));
}

/** Where a row says so, or where the decision does that has yet to reach it. */
function isInState(
  eb: ExpressionBuilder<Tables & { i: Tables['transferItems'] }, 'i'>,
  transfer: Transfer,
  wanted: ItemState,
): ExpressionWrapper<Tables & { i: Tables['transferItems'] }, 'i', SqlBool> {
  const decision = pendingDecision(transfer);
  const inState = eb('i.state', '=', wanted);
  if (!decision) return inState;
  const { move, opposite, except } = decision;
  const ways = wanted === 'offered' ? [] : [inState];
  const reached = eb('i.state', '=', 'offered');
  if (move === wanted && (opposite === wanted || except.length === 0)) ways.push(reached);
  else if (move === wanted) ways.push(eb.and([reached, eb('i.deviceId', 'not in', except)]));
  else if (opposite === wanted && except.length > 0) {
    ways.push(eb.and([reached, eb('i.deviceId', 'in', except)]));
  }
  return eb.or(ways);
}

import type { Change } from '../../../../src/service/store/store.ts';
import type { ItemState } from '../../../../src/model/transfer-state.ts';

/** Items of a transfer that have one of these states are offered again, where nothing else offers the device. */
export async function reopenItems(
  { db }: Change,
  transferId: string,
  ids: readonly string[],
  states: readonly ItemState[],
): Promise<void> {
  const open = db
    .selectFrom('transferItems as o')
    .select('o.deviceId')
    .where('o.state', '=', 'offered');
  await db
    .updateTable('transferItems')
    .set({ state: 'offered', decidedAt: null })
    .where('transferId', '=', transferId)
    .where('deviceId', 'in', ids)
    .where('state', 'in', states)
    .where('deviceId', 'not in', open)
    .execute();
}

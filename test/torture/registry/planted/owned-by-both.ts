import { newId } from '../../../../src/service/store/new-id.ts';
import { moveRows as real } from '../../../../src/service/store/transfer-rows.ts';

export * from '../../../../src/service/store/transfer-rows.ts';

/** The destination gets the device, and the source keeps it as well. */
export const moveRows: typeof real = async (change, transfer, moves) => {
  const ids = moves.filter(({ move }) => move === 'accepted').map(({ deviceId }) => deviceId);
  const counts = await real(change, transfer, moves);
  if (ids.length === 0) return counts;
  const { db, at } = change;
  const devices = await db.selectFrom('devices').selectAll().where('id', 'in', ids).execute();
  const accountId = transfer.sourceAccountId;
  const kept = devices
    .filter((device) => device.accountId === transfer.destinationAccountId)
    .map((device) => ({ ...device, id: newId('dv', at), accountId }));
  if (kept.length === 0) return counts;
  await db
    .insertInto('devices')
    .values(kept)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return counts;
};

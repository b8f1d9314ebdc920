import { moveRows as real } from '../../../../src/service/store/transfer-rows.ts';

export * from '../../../../src/service/store/transfer-rows.ts';

/** A device is the destination’s, and nothing says how it came there. */
export const moveRows: typeof real = async (change, transfer, moves) => {
  const counts = await real(change, transfer, moves);
  await change.db.deleteFrom('custody').where('transferId', '=', transfer.id).execute();
  return counts;
};

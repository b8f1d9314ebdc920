import { decideItems as real } from '../../../../src/service/store/transfer-decision.ts';
import { reopenItems } from './reopen-items.ts';

export * from '../../../../src/service/store/transfer-decision.ts';

/** Whoever comes last decides: what was decided before is not looked at. */
export const decideItems: typeof real = async (change, transfer, moves) => {
  const ids = moves.map(({ deviceId }) => deviceId);
  await reopenItems(change, transfer.id, ids, ['refused', 'withdrawn']);
  return await real(change, transfer, moves);
};

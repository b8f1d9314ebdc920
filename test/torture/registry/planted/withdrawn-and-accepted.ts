import { decideItems as real } from '../../../../src/service/store/transfer-decision.ts';
import { reopenItems } from './reopen-items.ts';

export * from '../../../../src/service/store/transfer-decision.ts';

/** The source takes back what the destination has accepted already. */
export const decideItems: typeof real = async (change, transfer, moves) => {
  const taken = moves.filter(({ move }) => move === 'withdrawn').map(({ deviceId }) => deviceId);
  if (taken.length > 0) await reopenItems(change, transfer.id, taken, ['accepted']);
  return await real(change, transfer, moves);
};

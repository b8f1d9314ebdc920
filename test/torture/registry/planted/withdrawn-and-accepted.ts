import * as real from '../../../../src/service/store/transfer-decision.ts';
import { reopenItems } from './reopen-items.ts';

export * from '../../../../src/service/store/transfer-decision.ts';

/** The source takes back what the destination has accepted already. */
export const decideItems: typeof real.decideItems = async (change, transfer, moves) => {
  const taken = moves.filter(({ move }) => move === 'withdrawn').map(({ deviceId }) => deviceId);
  if (taken.length > 0) await reopenItems(change, transfer.id, taken, ['accepted']);
  return await real.decideItems(change, transfer, moves);
};

/** All of it, too. */
export const decideWhole: typeof real.decideWhole = async (change, transfer, decision) => {
  if (decision.move === 'withdrawn') {
    const items = await change.db
      .selectFrom('transferItems')
      .select('deviceId')
      .where('transferId', '=', transfer.id)
      .limit(500)
      .execute();
    const ids = items.map(({ deviceId }) => deviceId);
    await reopenItems(change, transfer.id, ids, ['accepted']);
  }
  return await real.decideWhole(change, transfer, decision);
};

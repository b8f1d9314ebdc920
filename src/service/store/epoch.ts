import { newEpoch, readMeta, writeMeta } from './migrate.ts';
import type { Change, Reader } from './store.ts';

/** Which history this is, as of now: another process may have begun another one. */
export async function currentEpoch(db: Reader): Promise<string> {
  const epoch = await readMeta(db, 'epoch');
  if (epoch === undefined) throw new Error('a registry has no epoch');
  return epoch;
}

/**
 * Begins another history, as after a restored backup: every position in a feed is `cursor-gone`, and every
 * account's chain and feed say so. Tokens, invitations and nonces to sign are ended, because some of them may
 * have been ended since the backup was made. Returns the epoch.
 */
export async function beginEpoch(change: Change): Promise<string> {
  const epoch = newEpoch();
  await writeMeta(change.db, 'epoch', epoch);
  await change.db.deleteFrom('sessions').execute();
  // Of nonces that devices have used, a row says that they are spent: it stays.
  await change.db.deleteFrom('onceOnly').where('purpose', '<>', 'device-nonce').execute();
  const accounts = await change.db.selectFrom('accounts').select('id').execute();
  for (const { id } of accounts) {
    change.record({ accountId: id, type: 'registry.restored', subject: id, data: { epoch } });
  }
  return epoch;
}

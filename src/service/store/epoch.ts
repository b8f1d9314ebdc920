import { newEpoch, readMeta, writeMeta } from './migrate.ts';
import type { Change, Reader } from './store.ts';

const FLOOR = 'versionFloor';

/** Which history this is, as of now: another process may have begun another one. */
export async function currentEpoch(db: Reader): Promise<string> {
  const epoch = await readMeta(db, 'epoch');
  if (epoch === undefined) throw new Error('a registry has no epoch');
  return epoch;
}

/**
 * The highest version that another history may have signed of a configuration; 0 without one. It is the time
 * in seconds at which this history began: higher whenever the same backup is restored again, and far above
 * what is counted up from there, as no device is given a version each second.
 */
export async function versionFloor(db: Reader): Promise<number> {
  return Number((await readMeta(db, FLOOR)) ?? 0);
}

/**
 * Begins another history, as after a restored backup: every position in a feed is `cursor-gone`, and every
 * account's chain and feed say so. Tokens, invitations and nonces to sign are ended, because some of them may
 * have been ended since the backup was made. Configurations are signed anew, with versions that no history has
 * had. Returns the epoch.
 */
export async function beginEpoch(change: Change): Promise<string> {
  const epoch = newEpoch();
  await writeMeta(change.db, 'epoch', epoch);
  const seconds = Math.floor(Date.parse(change.at) / 1_000);
  const floor = Math.max((await versionFloor(change.db)) + 1, seconds);
  await writeMeta(change.db, FLOOR, String(floor));
  await change.db.deleteFrom('sessions').execute();
  // Of nonces that devices have used, a row says that they are spent: it stays.
  await change.db.deleteFrom('onceOnly').where('purpose', '<>', 'device-nonce').execute();
  const accounts = await change.db.selectFrom('accounts').select('id').execute();
  for (const { id } of accounts) {
    change.record({ accountId: id, type: 'registry.restored', subject: id, data: { epoch } });
  }
  return epoch;
}

import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { spkiOf } from '../../model/hierarchy.ts';
import type { Change, Reader } from '../store/store.ts';
import type { MasterKey } from './master-key.ts';
import { openValue, sealValue } from './sealed-value.ts';

/** The account's P-256 owner key, as 91 bytes of SPKI, or undefined: one that an earlier keyline made has none yet. */
export async function findOwnerKey(db: Reader, accountId: string): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('ownerKeys')
    .select('publicKey')
    .where('accountId', '=', accountId)
    .executeTakeFirst();
  return row && Uint8Array.from(row.publicKey);
}

/**
 * The account's owner key (SPKI), kept sealed under the master key. It is made with the account; for one of an earlier
 * keyline, at the first need.
 */
export async function ensureOwnerKey(
  change: Change,
  masterKey: MasterKey,
  accountId: string,
): Promise<Uint8Array> {
  const held = await findOwnerKey(change.db, accountId);
  if (held) return held;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const made = await change.db
    .insertInto('ownerKeys')
    .values({
      accountId,
      publicKey: spkiOf(privateKey),
      sealedKey: seal(masterKey, accountId, privateKey),
      createdAt: change.at,
      version: 1,
    })
    .onConflict((conflict) => conflict.column('accountId').doNothing())
    .executeTakeFirst();
  if (made.numInsertedOrUpdatedRows === 1n) {
    change.record({ accountId, type: 'account.owner-key-made', subject: accountId });
  }
  const key = await findOwnerKey(change.db, accountId);
  if (!key) throw new Error('an owner key was made and is not there');
  return key;
}

/** The account's private owner key, or undefined where the account has none here. Throws `master-key-invalid`. */
export async function openOwnerKey(
  db: Reader,
  masterKey: MasterKey,
  accountId: string,
): Promise<KeyObject | undefined> {
  const row = await db
    .selectFrom('ownerKeys')
    .select('sealedKey')
    .where('accountId', '=', accountId)
    .executeTakeFirst();
  return row?.sealedKey ? open(masterKey, accountId, Uint8Array.from(row.sealedKey)) : undefined;
}

function seal(masterKey: MasterKey, accountId: string, privateKey: KeyObject): Uint8Array {
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const sealed = sealValue(masterKey, { purpose: 'owner keys', owner: accountId }, pkcs8);
  pkcs8.fill(0);
  return sealed;
}

function open(masterKey: MasterKey, accountId: string, sealed: Uint8Array): KeyObject {
  const pkcs8 = openValue(masterKey, { purpose: 'owner keys', owner: accountId }, sealed);
  const opened = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
  pkcs8.fill(0);
  return opened;
}

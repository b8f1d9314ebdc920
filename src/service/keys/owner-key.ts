import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { concat, utf8 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { spkiOf } from '../../model/hierarchy.ts';
import type { Change, Reader } from '../store/store.ts';
import type { MasterKey } from './master-key.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The account's P-256 owner key, as 91 bytes of SPKI, or undefined: none has been made yet. */
export async function findOwnerKey(db: Reader, accountId: string): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('ownerKeys')
    .select('publicKey')
    .where('accountId', '=', accountId)
    .executeTakeFirst();
  return row && Uint8Array.from(row.publicKey);
}

/** The account's owner key (SPKI), made at the first need and kept sealed under the master key. */
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

/** AES-256-GCM (SP 800-38D): nonce, ciphertext of the PKCS #8, tag; the account's id is bound to it. */
function seal(masterKey: MasterKey, accountId: string, privateKey: KeyObject): Uint8Array {
  using key = masterKey.derive('owner keys');
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  const nonce = randomBytes(NONCE_BYTES);
  const sealed = key.use((bytes) => {
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(utf8(accountId));
    return concat(nonce, cipher.update(pkcs8), cipher.final(), cipher.getAuthTag());
  });
  pkcs8.fill(0);
  return sealed;
}

function open(masterKey: MasterKey, accountId: string, sealed: Uint8Array): KeyObject {
  using key = masterKey.derive('owner keys');
  try {
    return key.use((bytes) => {
      const cipher = createDecipheriv('aes-256-gcm', bytes, sealed.subarray(0, NONCE_BYTES));
      cipher.setAAD(utf8(accountId)).setAuthTag(sealed.subarray(-TAG_BYTES));
      const body = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
      const pkcs8 = Buffer.concat([cipher.update(body), cipher.final()]);
      const opened = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      pkcs8.fill(0);
      return opened;
    });
  } catch {
    throw new KeylineError('master-key-invalid', {
      message: 'an owner key does not open under this master key',
    });
  }
}

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concat, utf8 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import type { KeyPurpose, MasterKey } from './master-key.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a sealed value is for and of: it opens nowhere else. */
export interface SealPlace {
  readonly purpose: KeyPurpose;
  /** The id of its row. */
  readonly owner: string;
}

/** AES-256-GCM (SP 800-38D) under the master key: nonce, ciphertext, tag; the owner is bound to it. */
export function sealValue(
  masterKey: MasterKey,
  { purpose, owner }: SealPlace,
  value: Uint8Array,
): Uint8Array {
  using key = masterKey.derive(purpose);
  const nonce = randomBytes(NONCE_BYTES);
  return key.use((bytes) => {
    const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(utf8(owner));
    return concat(nonce, cipher.update(value), cipher.final(), cipher.getAuthTag());
  });
}

/** The value; the caller wipes it. Throws `master-key-invalid` for another key, place or text. */
export function openValue(
  masterKey: MasterKey,
  { purpose, owner }: SealPlace,
  sealed: Uint8Array,
): Uint8Array {
  using key = masterKey.derive(purpose);
  try {
    return key.use((bytes) => {
      const decipher = createDecipheriv('aes-256-gcm', bytes, sealed.subarray(0, NONCE_BYTES));
      decipher.setAAD(utf8(owner)).setAuthTag(sealed.subarray(-TAG_BYTES));
      const body = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
      return concat(body, decipher.final());
    });
  } catch {
    throw new KeylineError('master-key-invalid', {
      message: 'a sealed value does not open under this master key',
    });
  }
}

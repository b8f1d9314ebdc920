import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Stanza } from 'age-encryption';
import type { Identity, Recipient } from 'age-encryption';
import { concat, utf8 } from '../kernel/bytes.ts';
import type { Secret } from '../kernel/secret.ts';
import { scrypt } from './scrypt.ts';

const SALT_LABEL = utf8('age-encryption.org/v1/scrypt');
const NONCE = new Uint8Array(12);
const TAG_SIZE = 16;
/** What age writes. */
const WORK_FACTOR = 18;
/** What age reads at most with patience (2 GB); more is an attack on memory. */
const WORK_FACTOR_LIMIT = 20;

/** age's scrypt recipient, C2SP age.md, with the key stretched in a worker. The passphrase stays the caller's. */
export function passphraseRecipient(passphrase: Secret, workFactor = WORK_FACTOR): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(16);
      using key = await scrypt(passphrase, concat(SALT_LABEL, salt), workFactor);
      const body = key.use((bytes) => seal(bytes, fileKey));
      return [new Stanza(['scrypt', unpadded(salt), String(workFactor)], body)];
    },
  };
}

/** age's scrypt identity, C2SP age.md; null for another passphrase. Throws for a stanza that is malformed. */
export function passphraseIdentity(passphrase: Secret): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(({ args }) => args[0] === 'scrypt');
      if (stanza === undefined) return null;
      if (stanzas.length !== 1) throw new Error('a scrypt stanza is not the only one');
      const { salt, workFactor, body } = parse(stanza);
      using key = await scrypt(passphrase, concat(SALT_LABEL, salt), workFactor);
      return key.use((bytes) => open(bytes, body));
    },
  };
}

function parse(stanza: Stanza): { salt: Uint8Array; workFactor: number; body: Uint8Array } {
  const [, saltText = '', workFactorText = ''] = stanza.args;
  const salt = Uint8Array.from(Buffer.from(saltText, 'base64'));
  const workFactor = Number(workFactorText);
  if (
    stanza.args.length !== 3 ||
    salt.length !== 16 ||
    unpadded(salt) !== saltText ||
    !/^[1-9]\d?$/.test(workFactorText) ||
    workFactor > WORK_FACTOR_LIMIT ||
    stanza.body.length !== 32
  ) {
    throw new Error('a scrypt stanza is malformed');
  }
  return { salt, workFactor, body: stanza.body };
}

function seal(key: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_SIZE });
  const sealed = cipher.update(plaintext);
  return concat(sealed, cipher.final(), cipher.getAuthTag());
}

function open(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_SIZE });
  decipher.setAuthTag(sealed.subarray(-TAG_SIZE));
  const plaintext = decipher.update(sealed.subarray(0, -TAG_SIZE));
  try {
    decipher.final();
    return Uint8Array.from(plaintext);
  } catch {
    return null; // another passphrase: age's contract for an identity that does not match
  } finally {
    plaintext.fill(0);
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

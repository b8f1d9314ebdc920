import { createHash, randomBytes, scrypt } from 'node:crypto';
import { equalBytes, fromBase64Url, toBase64Url, utf8 } from '../../kernel/bytes.ts';

/** RFC 7914 with 64 MiB a password: Argon2id has no implementation here that installs without a compiler. */
const COST = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 } as const;
const RECORD = /^scrypt\$16\$8\$1\$([\w-]{22})\$([\w-]{43})$/;

/** What is compared with where nobody has this name, so that it takes as long. */
const NOBODY = `scrypt$16$8$1$${toBase64Url(new Uint8Array(16))}$${toBase64Url(new Uint8Array(32))}`;

/** The record of a password: `scrypt$16$8$1$<salt>$<key>`; NFKC, so that every keyboard types the same. */
export async function digestPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt$16$8$1$${toBase64Url(salt)}$${toBase64Url(key)}`;
}

/** Whether the password is that of the record; undefined costs as much and is never equal. */
export async function isPassword(password: string, record: string | undefined): Promise<boolean> {
  const [, salt = '', key = ''] = RECORD.exec(record ?? NOBODY) ?? [];
  const expected = fromBase64Url(key) ?? new Uint8Array();
  const found = await derive(password, fromBase64Url(salt) ?? new Uint8Array());
  return equalBytes(found, expected) && record !== undefined;
}

/** A client secret: `kc_` and 32 random bytes. */
export function newClientSecret(): string {
  return `kc_${toBase64Url(randomBytes(32))}`;
}

/** What is kept of a client secret; SHA-256 is enough, because it was not chosen by a person. */
export function digestClientSecret(secret: string): string {
  return `sha256$${createHash('sha256').update(secret).digest('base64url')}`;
}

/** Whether the secret is that of the record; undefined is never equal. */
export function isClientSecret(secret: string, record: string | undefined): boolean {
  const found = utf8(digestClientSecret(secret));
  return equalBytes(found, utf8(record ?? digestClientSecret(''))) && record !== undefined;
}

function derive(password: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, COST, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

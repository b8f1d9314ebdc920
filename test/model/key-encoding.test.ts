import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { fromBase64Url, toHex } from '../../src/kernel/bytes.ts';
import { ed25519Pkcs8, ed25519Spki, p256Pkcs8, p256Spki } from '../../src/model/key-encoding.ts';

const part = (text: string | undefined): Uint8Array =>
  fromBase64Url(text ?? '') ?? new Uint8Array();
const spki = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'spki' }).toString('hex');
const pkcs8 = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'pkcs8' }).toString('hex');

test('Ed25519 SPKI and PKCS #8 are what openssl writes', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { d, x } = privateKey.export({ format: 'jwk' });
  expect(toHex(ed25519Spki(part(x)))).toBe(spki(publicKey));
  expect(toHex(ed25519Pkcs8(part(d)))).toBe(pkcs8(privateKey));
});

test('P-256 SPKI and PKCS #8 are what openssl writes', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { d, x, y } = privateKey.export({ format: 'jwk' });
  const point = Uint8Array.of(4, ...part(x), ...part(y));
  expect(toHex(p256Spki(point))).toBe(spki(publicKey));
  expect(toHex(p256Pkcs8(part(d), point))).toBe(pkcs8(privateKey));
});

test('a written PKCS #8 can be read again', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = Buffer.from(ed25519Pkcs8(part(privateKey.export({ format: 'jwk' }).d)));
  const again = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  expect(again.equals(privateKey)).toBe(true);
});

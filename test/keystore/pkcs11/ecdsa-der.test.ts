import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../../src/kernel/bytes.ts';
import { ecdsaDer } from '../../../src/keystore/pkcs11/ecdsa-der.ts';

describe.each(['P-256', 'P-384', 'P-521'])('a signature on %s', (namedCurve) => {
  test('verifies as DER after it was made as r || s', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    // Enough of them that numbers with leading zeros and with the top bit set are among them.
    for (let round = 0; round < 40; round++) {
      const statement = Buffer.from(`statement ${round}`);
      const raw = sign('sha256', statement, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(verify('sha256', statement, publicKey, ecdsaDer(raw))).toBe(true);
    }
  });
});

test('small numbers are written as short as DER asks, and never negative', () => {
  const raw = new Uint8Array(64);
  raw[31] = 0x80;
  expect(toHex(ecdsaDer(raw))).toBe('300702020080020100');
});

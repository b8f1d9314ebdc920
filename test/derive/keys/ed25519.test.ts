import { readFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createDocumentedEd25519,
  createEd25519,
  ed25519PublicKey,
  isProven,
} from '../../../src/derive/keys/ed25519.ts';
import { fromBase64, fromBase64Url, toBase64, toHex } from '../../../src/kernel/bytes.ts';
import { ed25519Spki } from '../../../src/model/key-encoding.ts';

interface Vectors {
  lots: { ed25519: { privateKey: string; publicKeySpki: string }[] }[];
}
const vectors = JSON.parse(readFileSync('fixtures/vectors/keyline-v1.json', 'utf8')) as Vectors;
const seed32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

// RFC 8032 section 7.1, TEST 2 and TEST 3: seed, public key.
const RFC_8032 = [
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  ],
] as const;

describe.each([createEd25519(), createDocumentedEd25519()])('$name', (maker) => {
  test('makes the public keys of RFC 8032', () => {
    for (const [seed, key] of RFC_8032) {
      expect(toHex(maker.publicKey(Buffer.from(seed, 'hex')))).toBe(key);
    }
  });

  test('makes the public key of every ed25519 vector', () => {
    for (const unit of vectors.lots.flatMap((lot) => lot.ed25519)) {
      const seed = fromBase64Url(unit.privateKey.slice(3)) ?? new Uint8Array();
      expect(toBase64(ed25519Spki(maker.publicKey(seed)))).toBe(unit.publicKeySpki);
    }
  });

  test('agrees with @noble/curves on any seed', () => {
    fc.assert(
      fc.property(seed32, (seed) => {
        expect(toHex(maker.publicKey(seed))).toBe(toHex(ed25519.getPublicKey(seed)));
      }),
      { numRuns: 50 },
    );
  });
});

test('the fast way is the one in use on this Node', () => {
  expect(createEd25519().name).toBe('node:crypto JWK');
});

test('a way that echoes the dummy, throws or returns something short is not used', () => {
  expect(isProven(() => new Uint8Array(32))).toBe(false);
  expect(isProven(() => new Uint8Array(0))).toBe(false);
  expect(
    isProven(() => {
      throw new Error('no such key type');
    }),
  ).toBe(false);
});

test('a single key is made the same way', () => {
  const unit = vectors.lots[0]?.ed25519[0];
  const seed = fromBase64Url(unit?.privateKey.slice(3) ?? '') ?? new Uint8Array();
  const spki = fromBase64(unit?.publicKeySpki ?? '') ?? new Uint8Array();
  expect(toHex(ed25519PublicKey(seed))).toBe(toHex(spki.subarray(12)));
});

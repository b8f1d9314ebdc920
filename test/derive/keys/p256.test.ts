import { readFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createP256, p256PublicKey } from '../../../src/derive/keys/p256.ts';
import { fromBase64Url, toBase64, toHex } from '../../../src/kernel/bytes.ts';
import { p256Spki } from '../../../src/model/key-encoding.ts';

interface Vectors {
  lots: { p256: { privateKey: string; publicKeySpki: string }[] }[];
}
const vectors = JSON.parse(readFileSync('fixtures/vectors/keyline-v1.json', 'utf8')) as Vectors;
const ORDER = p256.Point.Fn.ORDER;
const scalarOf = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));

test('makes the public key of every p256 vector', () => {
  using maker = createP256();
  for (const unit of vectors.lots.flatMap((lot) => lot.p256)) {
    const scalar = fromBase64Url(unit.privateKey.slice(3)) ?? new Uint8Array();
    expect(toBase64(p256Spki(maker.publicKey(scalar)))).toBe(unit.publicKeySpki);
  }
});

test('agrees with @noble/curves on any scalar, the least and the greatest among them', () => {
  using maker = createP256();
  const scalars = fc.oneof(
    fc.constantFrom(1n, 2n, ORDER - 2n, ORDER - 1n),
    fc.bigInt({ min: 1n, max: ORDER - 1n }),
  );
  fc.assert(
    fc.property(scalars, (value) => {
      const expected = toHex(p256.getPublicKey(scalarOf(value), false));
      expect(toHex(maker.publicKey(scalarOf(value)))).toBe(expected);
      expect(toHex(p256PublicKey(scalarOf(value)))).toBe(expected);
    }),
    { numRuns: 50 },
  );
});

test('keys made one after another stand in arrays of their own', () => {
  using maker = createP256();
  const first = maker.publicKey(scalarOf(5n));
  const before = toHex(first);
  maker.publicKey(scalarOf(6n));
  expect(toHex(first)).toBe(before);
});

test('zero and the order are refused', () => {
  using maker = createP256();
  expect(() => maker.publicKey(scalarOf(0n))).toThrow();
  expect(() => maker.publicKey(scalarOf(ORDER))).toThrow();
});

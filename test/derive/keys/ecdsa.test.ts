import { createHash, createHmac } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { createHmacDrbg } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEcdsaSigner, invertAll } from '../../../src/derive/keys/ecdsa.ts';
import { nonceCandidates } from '../../../src/derive/keys/rfc6979.ts';
import { concat, toHex, utf8 } from '../../../src/kernel/bytes.ts';
import { Secret } from '../../../src/kernel/secret.ts';

const ORDER = p256.Point.Fn.ORDER;
const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(bytesOf);

// RFC 6979 section A.2.5, ECDSA, 256 bits, with SHA-256.
const RFC_KEY = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721';
const RFC_CASES = [
  {
    message: 'sample',
    k: 'a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60',
    r: 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
    s: 'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  },
  {
    message: 'test',
    k: 'd16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0',
    r: 'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
    s: '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  },
];

test('signs the samples of RFC 6979 as the RFC does', () => {
  using key = Secret.take(Buffer.from(RFC_KEY, 'hex'));
  using signer = createEcdsaSigner(key);
  const signatures = signer.sign(RFC_CASES.map(({ message }) => utf8(message)));
  expect(signatures.map(toHex)).toEqual(RFC_CASES.map(({ r, s }) => r + s));
});

test('draws the nonces of RFC 6979', () => {
  for (const { message, k } of RFC_CASES) {
    expect(toHex(nonceCandidates(Buffer.from(RFC_KEY, 'hex'), sha256(message)).next())).toBe(k);
  }
});

test('signs like @noble/curves with any key, whatever stands beside it in the batch', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(scalar, messages, (bytes, batch) => {
      using key = Secret.copyOf(bytes);
      using signer = createEcdsaSigner(key);
      const expected = batch.map((message) => toHex(p256.sign(message, bytes, { lowS: false })));
      expect(signer.sign(batch).map(toHex)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

test('draws the second and third candidate like @noble/curves, where the first was out of range', () => {
  fc.assert(
    fc.property(scalar, fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes, digest) => {
      const drbg = createHmacDrbg<string>(32, 32, (key: Uint8Array, message: Uint8Array) =>
        createHmac('sha256', key).update(message).digest(),
      );
      const drawn: string[] = [];
      drbg(concat(bytes, digest), (candidate: Uint8Array) => {
        drawn.push(toHex(candidate));
        return drawn.length === 3 ? 'enough' : undefined;
      });
      using candidates = nonceCandidates(bytes, digest);
      expect([1, 2, 3].map(() => toHex(candidates.next()))).toEqual(drawn);
    }),
    { numRuns: 30 },
  );
});

test('an inverse times its number is one', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 1n, max: ORDER - 1n })), (numbers) => {
      const products = invertAll(numbers).map(
        (inverse, at) => (inverse * (numbers[at] ?? 0n)) % ORDER,
      );
      expect(products).toEqual(numbers.map(() => 1n));
    }),
  );
});

test('a signer keeps its own copy of the key', () => {
  const key = Secret.take(Buffer.from(RFC_KEY, 'hex'));
  using signer = createEcdsaSigner(key);
  key[Symbol.dispose]();
  expect(signer.sign([utf8('sample')]).map(toHex)).toEqual([
    `${RFC_CASES[0]?.r ?? ''}${RFC_CASES[0]?.s ?? ''}`,
  ]);
});

function sha256(message: string): Uint8Array {
  return createHash('sha256').update(message).digest();
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

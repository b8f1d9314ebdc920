import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  crockfordFromPerson,
  fromBase64,
  fromBase64Url,
  fromCrockford,
  fromHex,
  toBase64,
  toBase64Url,
  toCrockford,
  toHex,
  u64,
} from '../../src/kernel/bytes.ts';

const codecs = [
  ['hex', toHex, fromHex],
  ['base64', toBase64, fromBase64],
  ['base64url', toBase64Url, fromBase64Url],
  ['crockford', toCrockford, fromCrockford],
] as const;

test.each(codecs)('%s gives back the bytes that it was made of', (_name, encode, decode) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(decode(encode(bytes))).toEqual(bytes);
    }),
  );
});

test.each(codecs)('%s accepts one spelling of each value only', (_name, encode, decode) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const bytes = decode(text);
      if (bytes !== undefined) expect(encode(bytes)).toBe(text);
    }),
  );
});

test('base64url agrees with the examples of RFC 4648 section 10', () => {
  expect(toBase64Url(Buffer.from('foobar'))).toBe('Zm9vYmFy');
  expect(toBase64(Buffer.from('foob'))).toBe('Zm9vYg==');
  expect(fromBase64('Zm9vYg')).toBeUndefined();
});

test('crockford counts up in the order of its alphabet', () => {
  // 5 bits a character, most significant first: 00000 00001 00010 … 11111 is the alphabet itself.
  const allValues = Uint8Array.from(Buffer.from('00443214c74254b635cf84653a56d7c675be77df', 'hex'));
  expect(toCrockford(allValues)).toBe('0123456789abcdefghjkmnpqrstvwxyz');
});

test('padding bits that are not zero are refused', () => {
  expect(fromCrockford('00')).toEqual(Uint8Array.of(0));
  expect(fromCrockford('01')).toBeUndefined();
});

test('upper case and look-alikes are accepted from a person, not by the parser', () => {
  expect(fromCrockford('O1')).toBeUndefined();
  expect(crockfordFromPerson('OiL9Z')).toBe('0119z');
});

test('u64 holds whole numbers beyond 32 bits', () => {
  expect(toHex(u64(2 ** 48 - 1))).toBe('0000ffffffffffff');
  expect(toHex(u64(2 ** 32))).toBe('0000000100000000');
  expect(toHex(u64(4095))).toBe('0000000000000fff');
});

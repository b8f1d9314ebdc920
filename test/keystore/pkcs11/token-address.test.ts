import { expect, test } from 'vitest';
import { parseTokenAddress } from '../../../src/keystore/pkcs11/token-address.ts';

test.each([
  ['/usr/lib/p11.so:0', { module: '/usr/lib/p11.so', slot: 0 }],
  ['C:\\p11\\p11.dll:12', { module: 'C:\\p11\\p11.dll', slot: 12 }],
  ['/usr/lib/p11.so:line 1', { module: '/usr/lib/p11.so', slot: 'line 1' }],
])('%s names a token', (text, address) => {
  expect(parseTokenAddress(text)).toEqual(address);
});

test.each(['', 'p11.so', ':1', 'p11.so:', '/a:b/p11.so'])('%j names none', (text) => {
  expect(() => parseTokenAddress(text)).toThrow(
    expect.objectContaining({ code: 'usage' }) as Error,
  );
});

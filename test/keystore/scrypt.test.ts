import { expect, test } from 'vitest';
import { toHex, utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { scrypt } from '../../src/keystore/scrypt.ts';

// RFC 7914 section 12, the third vector, has r = 8, p = 1, N = 2^14; its first 32 bytes are those of 32.
test('scrypt gives the value of RFC 7914', async () => {
  using key = await scrypt(Secret.take(utf8('pleaseletmein')), utf8('SodiumChloride'), 14);
  expect(key.use(toHex)).toBe('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2');
});

test('scrypt of a work factor without memory for it fails instead of ending silently', async () => {
  using passphrase = Secret.take(utf8('x'));
  await expect(scrypt(passphrase, utf8('salt'), 40)).rejects.toThrow();
});

test('the passphrase stays its caller’s', async () => {
  using passphrase = Secret.take(utf8('x'));
  using _key = await scrypt(passphrase, utf8('salt'), 4);
  expect(passphrase.use((bytes) => bytes[0])).toBe(0x78);
});

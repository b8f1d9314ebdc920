import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  endpointKeyOf,
  idBytes,
  isId,
  parseLotId,
  parseProvisioningKey,
  provisioningKeyOf,
} from '../../src/model/ids.ts';

test('an id stands for exactly its 16 bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      expect(idBytes(parseProvisioningKey(provisioningKeyOf(bytes)))).toEqual(bytes);
      expect(idBytes(endpointKeyOf(bytes))).toEqual(bytes);
    }),
  );
});

test.each([
  ['upper case', 'KP_TSB4RKV83VDBXGAQ9K4GF6F79C'],
  ['another prefix', 'kl_tsb4rkv83vdbxgaq9k4gf6f79c'],
  ['a character short', 'kp_tsb4rkv83vdbxgaq9k4gf6f79'],
  ['padding bits that are set', 'kp_tsb4rkv83vdbxgaq9k4gf6f79d'],
  ['a look-alike', 'kp_osb4rkv83vdbxgaq9k4gf6f79c'],
  ['nothing', ''],
])('a provisioning key with %s is refused', (_what, text) => {
  expect(isId('kp', text)).toBe(false);
  expect(() => parseProvisioningKey(text)).toThrow(
    expect.objectContaining({ code: 'invalid-provisioning-key' }),
  );
});

test('an error about an id does not repeat what was typed, which may be a secret', () => {
  expect(() => parseLotId('ks_oops')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('ks_oops') as string }),
  );
});

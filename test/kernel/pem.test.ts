import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePem, toPem } from '../../src/kernel/pem.ts';

test('what is written is what openssl writes', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const der = publicKey.export({ format: 'der', type: 'spki' });
  expect(toPem('PUBLIC KEY', der)).toBe(publicKey.export({ format: 'pem', type: 'spki' }));
  expect(createPublicKey(toPem('PUBLIC KEY', der)).equals(publicKey)).toBe(true);
});

test('blocks come back in order, whatever stands around them and however lines end', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const cases = fc.array(fc.tuple(fc.constantFrom('CERTIFICATE', 'X509 CRL'), bytes));
  fc.assert(
    fc.property(cases, fc.constantFrom('\n', '\r\n'), (blocks, end) => {
      const text = blocks
        .map(([label, body]) => `Subject: CN = x\n${toPem(label, body)}`)
        .join('\n');
      const found = parsePem(text.replaceAll('\n', end));
      expect(found).toEqual(blocks.map(([label, body]) => ({ label, bytes: body })));
    }),
  );
});

test.each([
  ['a block without an end', '-----BEGIN CERTIFICATE-----\nAAAA\n'],
  ['an end with another label', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n'],
  ['a body that is not base64', '-----BEGIN CERTIFICATE-----\nAA*A\n-----END CERTIFICATE-----\n'],
])('%s is refused', (_, text) => {
  expect(() => parsePem(text)).toThrow(expect.objectContaining({ code: 'certificate-invalid' }));
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import {
  formatProvisioningSecret,
  parseProvisioningSecret,
} from '../../src/keystore/secret-text.ts';
import { softwareKey } from '../../src/keystore/software-key.ts';

interface Vectors {
  readonly provisioningSecret: string;
  readonly provisioningKey: string;
  readonly sealPublicKeySpki: string;
  readonly voucherPublicKeySpki: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/keyline-v1.json', import.meta.url), 'utf8'),
) as Vectors;

const parse = (text: string): Secret => parseProvisioningSecret(Secret.take(utf8(text)));

test('the secret of the vectors gives their key, seal key and manufacturer key', async () => {
  const facts = { use: 'factory', createdAt: '2026-03-01T08:00:00Z' } as const;
  await using key = await softwareKey(parse(vectors.provisioningSecret), facts);
  expect(key.card).toMatchObject({
    provisioningKey: vectors.provisioningKey,
    sealKey: vectors.sealPublicKeySpki,
    manufacturerKey: vectors.voucherPublicKeySpki,
  });
});

test('a key is wiped when it is disposed', async () => {
  const secret = parse(vectors.provisioningSecret);
  const key = await softwareKey(secret, { use: 'factory', createdAt: '2026-03-01T08:00:00Z' });
  await key[Symbol.asyncDispose]();
  expect(() => secret.use((bytes) => bytes[0])).toThrow();
});

test('every secret comes back from its text, white space around it or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const text = formatProvisioningSecret(Secret.copyOf(bytes));
      const plain = text.use((held) => new TextDecoder().decode(held));
      expect(plain).toBe(`ks_${Buffer.from(bytes).toString('base64url')}\n`);
      expect(parse(` \t${plain}\r\n`).use((held) => Uint8Array.from(held))).toEqual(bytes);
    }),
  );
});

test.each([
  ['another prefix', vectors.provisioningSecret.replace('ks_', 'es_')],
  ['upper-case prefix', vectors.provisioningSecret.replace('ks_', 'KS_')],
  ['a character less', vectors.provisioningSecret.slice(0, -1)],
  ['a character more', `${vectors.provisioningSecret}A`],
  ['padding bits that are not zero', `${vectors.provisioningSecret.slice(0, -1)}J`],
  ['the other base64 alphabet', `ks_${'+'.repeat(43)}`],
  ['padding', `${vectors.provisioningSecret.slice(0, -1)}=`],
  ['white space inside', vectors.provisioningSecret.replace('ks_', 'ks_ ').slice(0, 46)],
  ['nothing', ''],
])('a secret with %s is refused and not quoted', (_what, text) => {
  let error: unknown;
  try {
    parse(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'invalid-provisioning-secret' });
  if (text !== '') expect(String(error)).not.toContain(text.slice(3, 20));
});

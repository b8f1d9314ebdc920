import { createECDH } from 'node:crypto';
import { expect, test } from 'vitest';
import vectors from '../../fixtures/vectors/keyline-v1.json' with { type: 'json' };
import {
  fromBase64Url,
  toBase64,
  toBase64Url,
  toCrockford,
  toHex,
} from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import {
  claimDigest,
  commit,
  deriveAzureGroupKey,
  deriveBlockSecret,
  deriveIssuerSeed,
  deriveLotSecret,
  deriveManufacturerSeed,
  deriveSealKey,
  p256Scalar,
  provisioningKeyOfSeal,
  softwareExpander,
  spkiOf,
} from '../../src/model/hierarchy.ts';
import { parseLotId, parseProvisioningKey } from '../../src/model/ids.ts';

const P256_SPKI_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d030107034200';
const bytesOf = (text: string) => fromBase64Url(text.slice(3)) ?? new Uint8Array();
const provisioningSecret = softwareExpander(Secret.take(bytesOf(vectors.provisioningSecret)));
const provisioningKey = parseProvisioningKey(vectors.provisioningKey);

function p256Spki(okm: Secret): string {
  using scalar = p256Scalar(okm);
  const ecdh = createECDH('prime256v1');
  scalar.use((bytes) => {
    ecdh.setPrivateKey(bytes);
  });
  return toBase64(Buffer.concat([Buffer.from(P256_SPKI_PREFIX, 'hex'), ecdh.getPublicKey()]));
}

test('the vectors’ provisioning secret gives their seal key and provisioning key', async () => {
  const spki = spkiOf(await deriveSealKey(provisioningSecret));
  expect(toBase64(spki)).toBe(vectors.sealPublicKeySpki);
  expect(provisioningKeyOfSeal(spki)).toBe(vectors.provisioningKey);
});

test('the vectors’ provisioning secret gives their manufacturer key', async () => {
  using seed = await deriveManufacturerSeed(provisioningSecret);
  expect(p256Spki(seed)).toBe(vectors.voucherPublicKeySpki);
});

test.each(vectors.lots)('lot $lotId has the secrets of the vectors', async (lot) => {
  using lotSecret = await deriveLotSecret(provisioningSecret, parseLotId(lot.lotId));
  using block0 = deriveBlockSecret(lotSecret, 0);
  using groupKey = deriveAzureGroupKey(lotSecret);
  using issuerSeed = deriveIssuerSeed(lotSecret);
  expect(lotSecret.use(toHex)).toBe(lot.lotSecretHex);
  expect(block0.use(toHex)).toBe(lot.block0SecretHex);
  expect(groupKey.use(toBase64)).toBe(lot.azureGroupKey);
  expect(p256Spki(issuerSeed)).toBe(lot.x509CaPublicKeySpki);
});

test.each(vectors.lots)(
  'lot $lotId: endpoint keys and claim digests commit as in the vectors',
  (lot) => {
    for (const unit of lot.psk) {
      const endpointKey = commit(provisioningKey, bytesOf(unit.endpointSecret));
      expect(`ek_${toCrockford(endpointKey)}`).toBe(unit.endpointKey);
    }
    for (const unit of lot.p256) {
      const endpointKey = commit(provisioningKey, Buffer.from(unit.publicKeySpki, 'base64'));
      expect(`ek_${toCrockford(endpointKey)}`).toBe(unit.endpointKey);
    }
  },
);

test('a claim code’s digest is the one of the vectors', async () => {
  const { fromCrockford } = await import('../../src/kernel/bytes.ts');
  for (const unit of vectors.lots.flatMap((lot) => lot.psk)) {
    const code = fromCrockford(unit.claimCode) ?? new Uint8Array();
    expect(toHex(claimDigest(code))).toBe(unit.claimDigestHex);
  }
});

test('a scalar is never zero and wraps at n − 1 (FIPS 186-5 A.2.1)', () => {
  const zero = p256Scalar(Secret.take(new Uint8Array(48)));
  expect(zero.use(toHex)).toBe('01'.padStart(64, '0'));
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
  const lastOkm = (BigInt(`0x${order}`) - 2n).toString(16).padStart(96, '0');
  const last = p256Scalar(Secret.take(Uint8Array.from(Buffer.from(lastOkm, 'hex'))));
  expect(last.use(toHex)).toBe((BigInt(`0x${order}`) - 1n).toString(16));
});

test('base64url of the provisioning secret is the vectors’ own text', () => {
  expect(`ks_${toBase64Url(bytesOf(vectors.provisioningSecret))}`).toBe(vectors.provisioningSecret);
});

import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { u64, utf8 } from '../kernel/bytes.ts';
import { expand, labelled } from '../kernel/hkdf.ts';
import { Secret } from '../kernel/secret.ts';
import { idBytes, provisioningKeyOf } from './ids.ts';
import type { LotId, ProvisioningKey } from './ids.ts';
import { ed25519Pkcs8 } from './key-encoding.ts';

/**
 * Whoever can expand a provisioning secret: software that holds it, or a token that computes the
 * HMAC inside. `info` is complete (label, zero byte, context).
 */
export interface Expander {
  expand(info: Uint8Array, sizeBytes: number): Promise<Secret>;
}

/** An expander over a provisioning secret in memory; the secret stays the caller's. */
export function softwareExpander(provisioningSecret: Secret): Expander {
  return {
    expand: (info, sizeBytes) => Promise.resolve(expand(provisioningSecret, info, sizeBytes)),
  };
}

/** The Ed25519 key that seals lot descriptors, grants and planned manifests. */
export async function deriveSealKey(provisioningSecret: Expander): Promise<KeyObject> {
  using seed = await provisioningSecret.expand(labelled('keyline/v1 seal'), 32);
  return ed25519PrivateKey(seed);
}

/** A node:crypto key from a 32-byte Ed25519 seed (RFC 8032; PKCS #8 as in RFC 8410 section 7). */
export function ed25519PrivateKey(seed: Secret): KeyObject {
  return seed.use((bytes) => {
    const pkcs8 = ed25519Pkcs8(bytes);
    const key = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
    pkcs8.fill(0);
    return key;
  });
}

/** SubjectPublicKeyInfo DER of a key's public half. */
export function spkiOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }));
}

/** The public name of a provisioning secret; commits to its seal key. */
export function provisioningKeyOfSeal(sealKeySpki: Uint8Array): ProvisioningKey {
  return provisioningKeyOf(
    sha256(labelled('keyline/v1 provisioning', sealKeySpki)).subarray(0, 16),
  );
}

/** The 48 bytes from which the P-256 manufacturer key (voucher key) is made by `p256Scalar`. */
export function deriveManufacturerSeed(provisioningSecret: Expander): Promise<Secret> {
  return provisioningSecret.expand(labelled('keyline/v1 voucher'), 48);
}

/** 32 bytes; one HMAC a lot is all that the provisioning secret is used for after its seal key. */
export function deriveLotSecret(provisioningSecret: Expander, lotId: LotId): Promise<Secret> {
  return provisioningSecret.expand(labelled('keyline/v1 lot', idBytes(lotId)), 32);
}

/** 32 bytes for 4,096 consecutive units. */
export function deriveBlockSecret(lotSecret: Secret, block: number): Secret {
  return expand(lotSecret, labelled('keyline/v1 block', u64(block)), 32);
}

/** The 48 bytes from which the lot's issuing CA key is made by `p256Scalar`. */
export function deriveIssuerSeed(lotSecret: Secret): Secret {
  return expand(lotSecret, labelled('keyline/v1 x509-ca'), 48);
}

/** 64 bytes: the lot's own Azure enrollment group key. */
export function deriveAzureGroupKey(lotSecret: Secret): Secret {
  return expand(lotSecret, labelled('keyline/v1 azure-group'), 64);
}

/** Order of the P-256 group, SP 800-186 section 3.2.1.3. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** (okm mod (n − 1)) + 1 as 32 bytes, FIPS 186-5 section A.2.1; `okm` has 48 bytes. */
export function p256Scalar(okm: Secret): Secret {
  return okm.use((bytes) => {
    const scalar = (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) % (P256_ORDER - 1n)) + 1n;
    return Secret.take(Uint8Array.from(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')));
  });
}

/** `endpointKey` bytes for a committed value: a psk secret, or a public key's SPKI. */
export function commit(provisioningKey: ProvisioningKey, committed: Uint8Array): Uint8Array {
  return sha256(endpointPrefix(provisioningKey), committed).subarray(0, 16);
}

/** The 64 bytes, one SHA-256 block, that stand before every committed value of a provisioning key. */
export function endpointPrefix(provisioningKey: ProvisioningKey): Uint8Array {
  const prefix = new Uint8Array(64);
  prefix.set(utf8('keyline/v1 endpoint'));
  prefix.set(idBytes(provisioningKey), 20);
  return prefix;
}

/** What a registry holds instead of a claim code. */
export function claimDigest(claimCode: Uint8Array): Uint8Array {
  return sha256(labelled('keyline/v1 claim', claimCode));
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

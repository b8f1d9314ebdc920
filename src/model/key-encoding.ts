import { concat } from '../kernel/bytes.ts';

/** What stands before the 32 raw bytes of an Ed25519 public key in its SPKI (44 bytes, RFC 8410 section 4). */
export const ED25519_SPKI_PREFIX = bytesOf('302a300506032b6570032100');

/** What stands before the 65-byte uncompressed point in a P-256 SPKI (91 bytes, RFC 5480 section 2). */
export const P256_SPKI_PREFIX = bytesOf('3059301306072a8648ce3d020106082a8648ce3d030107034200');

/** What stands before the 32-byte seed in an Ed25519 PKCS #8 (48 bytes, RFC 8410 section 7, version 0). */
export const ED25519_PKCS8_PREFIX = bytesOf('302e020100300506032b657004220420');

/** What stands before the 32-byte scalar in a P-256 PKCS #8 (RFC 5958, RFC 5915). */
export const P256_PKCS8_PREFIX = bytesOf(
  '308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420',
);

/** What stands between scalar and point in a P-256 PKCS #8: RFC 5915's `[1] publicKey`. */
export const P256_PKCS8_MIDDLE = bytesOf('a144034200');

/** SubjectPublicKeyInfo DER, 44 bytes, of a raw 32-byte Ed25519 public key. */
export function ed25519Spki(publicKey: Uint8Array): Uint8Array {
  return concat(ED25519_SPKI_PREFIX, publicKey);
}

/** SubjectPublicKeyInfo DER, 91 bytes, of a 65-byte uncompressed P-256 point. */
export function p256Spki(point: Uint8Array): Uint8Array {
  return concat(P256_SPKI_PREFIX, point);
}

/** PKCS #8 DER, 48 bytes, of an Ed25519 seed, as openssl writes it: version 0, no public key. The result is secret. */
export function ed25519Pkcs8(seed: Uint8Array): Uint8Array {
  return concat(ED25519_PKCS8_PREFIX, seed);
}

/**
 * PKCS #8 DER, 138 bytes, of a P-256 scalar and its uncompressed point, as openssl writes it: named
 * curve in the algorithm only, and the public key inside, which some embedded parsers insist on. The
 * result is secret.
 */
export function p256Pkcs8(scalar: Uint8Array, point: Uint8Array): Uint8Array {
  return concat(P256_PKCS8_PREFIX, scalar, P256_PKCS8_MIDDLE, point);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

import { hash } from 'node:crypto';
import { contextTag, der, oid, sequence, TAG, unsignedInteger } from './der.ts';

/** Identifiers of the extensions that keyline writes and reads, RFC 5280 section 4.2.1. */
export const EXTENSION = {
  subjectKeyIdentifier: oid('2.5.29.14'),
  keyUsage: oid('2.5.29.15'),
  basicConstraints: oid('2.5.29.19'),
  authorityKeyIdentifier: oid('2.5.29.35'),
  extendedKeyUsage: oid('2.5.29.37'),
} as const;

const TRUE = der(TAG.boolean, Uint8Array.of(0xff));
const CLIENT_AUTH = oid('1.3.6.1.5.5.7.3.2');

/** Extensions of a device certificate but for the two key identifiers. */
export function deviceUsage(): Uint8Array[] {
  return [
    critical(EXTENSION.basicConstraints, sequence()),
    // digitalSignature, bit 0.
    critical(EXTENSION.keyUsage, der(TAG.bitString, Uint8Array.of(7, 0b1000_0000))),
    extension(EXTENSION.extendedKeyUsage, sequence(CLIENT_AUTH)),
  ];
}

/** Extensions of a certificate authority but for the two key identifiers; without `pathLength`, any. */
export function authorityUsage(pathLength?: number): Uint8Array[] {
  const limit = pathLength === undefined ? [] : [unsignedInteger(Uint8Array.of(pathLength))];
  return [
    critical(EXTENSION.basicConstraints, sequence(TRUE, ...limit)),
    // keyCertSign, bit 5, and cRLSign, bit 6.
    critical(EXTENSION.keyUsage, der(TAG.bitString, Uint8Array.of(1, 0b0000_0110))),
  ];
}

/** The subject key identifier extension, RFC 5280 section 4.2.1.2. */
export function subjectKeyIdentifier(id: Uint8Array): Uint8Array {
  return extension(EXTENSION.subjectKeyIdentifier, der(TAG.octetString, id));
}

/** The authority key identifier extension with the issuer's key identifier alone, section 4.2.1.1. */
export function authorityKeyIdentifier(id: Uint8Array): Uint8Array {
  return extension(EXTENSION.authorityKeyIdentifier, sequence(der(contextTag(0, 'primitive'), id)));
}

/**
 * 20 bytes: SHA-1 of the public key's bits, RFC 5280 section 4.2.1.2 method 1, which openssl's
 * `hash` also writes. It names a key; nothing rests on its strength.
 */
export function keyIdentifier(publicKeyBits: Uint8Array): Uint8Array {
  return hash('sha1', publicKeyBits, 'buffer');
}

function critical(id: Uint8Array, value: Uint8Array): Uint8Array {
  return sequence(id, TRUE, der(TAG.octetString, value));
}

function extension(id: Uint8Array, value: Uint8Array): Uint8Array {
  return sequence(id, der(TAG.octetString, value));
}

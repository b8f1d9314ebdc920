import { der, oid, sequence } from './der.ts';

/** How a certificate is signed. Devices' certificates are always `ecdsa-sha256`; a root may be of another kind. */
export type SignatureAlgorithm = keyof typeof IDENTIFIERS;

const IDENTIFIERS = {
  // RFC 5758 section 3.2: parameters are absent.
  'ecdsa-sha256': sequence(oid('1.2.840.10045.4.3.2')),
  'ecdsa-sha384': sequence(oid('1.2.840.10045.4.3.3')),
  'ecdsa-sha512': sequence(oid('1.2.840.10045.4.3.4')),
  // RFC 4055 section 5: parameters are NULL.
  'rsa-sha256': sequence(oid('1.2.840.113549.1.1.11'), der(0x05)),
  // RFC 8410 section 3.
  ed25519: sequence(oid('1.3.101.112')),
} as const;

/** AlgorithmIdentifier DER. */
export function algorithmIdentifier(algorithm: SignatureAlgorithm): Uint8Array {
  return IDENTIFIERS[algorithm];
}

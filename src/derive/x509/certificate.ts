import { bitString, contextTag, der, sequence, TAG, unsignedInteger } from './der.ts';
import { algorithmIdentifier } from './signature-algorithm.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';
import { derTime } from './time.ts';

/** Everything that a certificate says, RFC 5280 section 4.1.2; names, key and extensions in DER. */
export interface CertificateFields {
  /** Big-endian, not negative. */
  readonly serialNumber: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly issuer: Uint8Array;
  /** ISO 8601 UTC, whole seconds. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** TBSCertificate DER, version 3: the bytes that are signed. */
export function tbsCertificate(fields: CertificateFields): Uint8Array {
  return sequence(
    der(contextTag(0, 'constructed'), unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(fields.serialNumber),
    algorithmIdentifier(fields.algorithm),
    fields.issuer,
    sequence(derTime(fields.notBefore), derTime(fields.notAfter)),
    fields.subject,
    fields.spki,
    der(contextTag(3, 'constructed'), sequence(...fields.extensions)),
  );
}

/** What a signer signed, its algorithm and the signature, in DER: a Certificate or a CertificationRequest. */
export function signed(
  statement: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return sequence(statement, algorithmIdentifier(algorithm), bitString(signature));
}

/** Ecdsa-Sig-Value DER, RFC 3279 section 2.2.3, of 64 bytes `r || s`. */
export function ecdsaSignatureDer(signature: Uint8Array): Uint8Array {
  return der(
    TAG.sequence,
    unsignedInteger(signature.subarray(0, 32)),
    unsignedInteger(signature.subarray(32)),
  );
}

import { createHash } from 'node:crypto';
import { KeylineError } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/secret.ts';
import { createEcdsaSigner } from '../keys/ecdsa.ts';
import { ecdsaSignatureDer, signed, tbsCertificate } from './certificate.ts';
import type { CertificateFields } from './certificate.ts';
import type { RootSigner } from './root-signer.ts';

/**
 * Signs the certificate of an authority. Its serial number is 16 bytes of a hash over everything
 * else, so that the same certificate made again is the same, and another is not (RFC 5280 section
 * 4.1.2.2). Throws `certificate-invalid` for dates in the wrong order.
 */
export async function signAuthority(
  fields: Omit<CertificateFields, 'serialNumber' | 'algorithm'>,
  signer: RootSigner,
): Promise<Uint8Array> {
  if (fields.notBefore >= fields.notAfter) {
    throw new KeylineError('certificate-invalid', {
      message: `a certificate cannot be valid from ${fields.notBefore} to ${fields.notAfter}`,
      hint: 'Choose an end after the beginning.',
    });
  }
  const unnumbered = { ...fields, algorithm: signer.algorithm, serialNumber: new Uint8Array(1) };
  const serialNumber = createHash('sha256').update(tbsCertificate(unnumbered)).digest();
  const serial = serialNumber.subarray(0, 16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = tbsCertificate({ ...unnumbered, serialNumber: serial });
  return signed(tbs, signer.algorithm, await signer.sign(tbs));
}

/** A signer with a 32-byte P-256 scalar, deterministic by RFC 6979; the scalar is lent for each signature. */
export function scalarSigner(scalar: Secret): RootSigner {
  return {
    algorithm: 'ecdsa-sha256',
    sign(statement) {
      using signer = createEcdsaSigner(scalar);
      return Promise.resolve(ecdsaSignatureDer(signer.sign([statement])[0] ?? new Uint8Array()));
    },
  };
}

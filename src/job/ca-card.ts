import { createHash, X509Certificate } from 'node:crypto';
import type { StoredCa } from '../home/ca-store.ts';
import { toHex } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { parseCertificates } from '../derive/x509/certificate-file.ts';
import { readCertificate } from '../derive/x509/certificate-reader.ts';
import { isSelfSigned } from '../derive/x509/chain.ts';

/** What is public of a root. */
export interface CaCard {
  readonly name: string;
  /** Such as `O=ACME, CN=ACME Root`. */
  readonly subject: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
  /** Certificates in the home: the root's own and its issuers. */
  readonly certificates: number;
  readonly selfSigned: boolean;
  /** Whether the private key is in the home. */
  readonly hasKey: boolean;
  /** Serial number of the PKCS#11 token with the private key. */
  readonly token?: string;
}

/** The card of a root of the home. Throws `key-damaged` where its certificate cannot be read. */
export function caCard(ca: StoredCa): CaCard {
  const chain = storedChain(ca);
  const [certificate = new Uint8Array()] = chain;
  const { notBefore, notAfter } = readCertificate(certificate);
  return {
    name: ca.name,
    subject: new X509Certificate(certificate).subject.replaceAll('\n', ', '),
    notBefore,
    notAfter,
    fingerprint: toHex(createHash('sha256').update(certificate).digest()),
    certificates: chain.length,
    selfSigned: isSelfSigned(certificate),
    hasKey: ca.keyFile !== undefined,
    ...(ca.token && { token: ca.token.tokenSerial }),
  };
}

/** The certificates of a root of the home, DER. Throws `key-damaged`. */
export function storedChain(ca: StoredCa): readonly Uint8Array[] {
  try {
    const chain = parseCertificates(Buffer.from(ca.certificates));
    for (const certificate of chain) readCertificate(certificate);
    return chain;
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    throw new KeylineError('key-damaged', {
      message: `the certificate of root ${ca.name} is damaged: ${error.message}`,
      hint: 'Restore ca.pem from a backup, or import the root again.',
    });
  }
}

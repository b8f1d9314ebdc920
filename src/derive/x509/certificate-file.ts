import { parsePem, toPem } from '../../kernel/pem.ts';
import { readDer, malformed } from './der-reader.ts';
import { TAG } from './der.ts';

const PEM_MARK = '-----BEGIN ';

/**
 * The certificates of a file, DER, in its order: PEM with any number of them and text around, or one
 * in DER. Blocks of other kinds are left out. Throws `certificate-invalid` where there is none.
 */
export function parseCertificates(content: Uint8Array): Uint8Array[] {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  if (!text.includes(PEM_MARK)) return [readDer(content, TAG.sequence).raw];
  const certificates = parsePem(text).filter(({ label }) => label === 'CERTIFICATE');
  if (certificates.length === 0) throw malformed('the file holds no certificate');
  return certificates.map(({ bytes }) => readDer(bytes, TAG.sequence).raw);
}

/** Certificates as PEM, one after the other. */
export function formatCertificates(certificates: readonly Uint8Array[]): string {
  return certificates.map((certificate) => toPem('CERTIFICATE', certificate)).join('');
}

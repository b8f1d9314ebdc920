import { readFile } from 'node:fs/promises';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { parsePem } from '../kernel/pem.ts';

/** The certificates of a PEM file, DER, in its order. Throws `not-found`, `certificate-invalid`. */
export async function readTrustAnchor(path: string): Promise<Uint8Array[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new KeylineError('not-found', {
      message: `there is no file ${JSON.stringify(path)} with certificates`,
      facts: { file: path },
    });
  });
  const certificates = parsePem(text).filter(({ label }) => label === 'CERTIFICATE');
  if (certificates.length > 0) return certificates.map(({ bytes }) => bytes);
  throw new KeylineError('certificate-invalid', { message: `${path} holds no certificate` });
}

import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { toPem } from '../kernel/pem.ts';
import { Secret } from '../kernel/secret.ts';
import { spkiOf } from '../model/hierarchy.ts';
import { readCertificate } from '../derive/x509/certificate-reader.ts';

const PEM_MARK = '-----BEGIN ';

/** A private key file, PEM (PKCS #8, SEC 1, PKCS #1) or PKCS #8 DER, not encrypted. Throws `certificate-invalid`. */
export function readCaKey(content: Secret): KeyObject {
  return content.use((bytes) => {
    const key = Buffer.from(bytes);
    const isPem = key.includes(PEM_MARK);
    try {
      return createPrivateKey(
        isPem ? { key, format: 'pem' } : { key, format: 'der', type: 'pkcs8' },
      );
    } catch {
      // openssl's error is left out: nothing that held a key becomes part of a message.
      throw new KeylineError('certificate-invalid', {
        message: 'the private key cannot be read',
        hint: 'Give PKCS #8 without a passphrase; `openssl pkey -in KEY | keyline ca import NAME --certificate FILE --key -` keeps it off the disk.',
      });
    } finally {
      key.fill(0);
    }
  });
}

/** PKCS #8 PEM: how a root's key is kept at rest. */
export function formatCaKey(key: KeyObject): Secret {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const pem = Secret.take(Uint8Array.from(Buffer.from(toPem('PRIVATE KEY', der))));
  der.fill(0);
  return pem;
}

/** Throws `certificate-invalid` where the key is not the certificate's. */
export function requireKeyOf(certificate: Uint8Array, key: KeyObject): void {
  if (equalBytes(readCertificate(certificate).spki, spkiOf(createPublicKey(key)))) return;
  throw new KeylineError('certificate-invalid', {
    message: 'the private key does not belong to the first certificate',
    hint: 'Check which key the certificate was issued for.',
  });
}

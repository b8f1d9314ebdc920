import { KeylineError } from '../kernel/errors.ts';
import { endpointKeyOf } from '../model/ids.ts';
import { P256_SPKI_PREFIX } from '../model/key-encoding.ts';
import { parseSerialTemplate, renderSerial } from '../model/serial-template.ts';
import type { DeriveSource } from './derive-source.ts';
import type { LentBatch } from './lent-batch.ts';
import { createIssuer } from './x509/issuer.ts';

/** x509-p256 certificates of whole batches, DER. */
export interface Certificates extends Disposable {
  /** `serials` is packed, 16 bytes of derived material each; the batch's keys are filled already. */
  issue(batch: LentBatch, serials: Uint8Array): Uint8Array[];
}

/**
 * Certificates issued by the lot's CA, or from the table of a grant without its key. Throws
 * `outside-grant` for one that the grant does not have.
 */
export function createCertificates(source: DeriveSource): Certificates {
  using issuerKey = source.secrets.issuerKey();
  if (!issuerKey) return grantedCertificates(source);
  const { lot } = source;
  if (!lot.x509) throw new Error('an x509-p256 lot came without its profile');
  const issuer = createIssuer(lot.x509, issuerKey);
  const template = parseSerialTemplate(lot.serialTemplate);
  const isNamedBySerial = lot.x509.subject === 'serial';
  return {
    issue(batch, serials) {
      const requests = Array.from({ length: batch.count }, (_, position) => {
        const { index, endpointKey, publicKey } = batch.unit(position);
        if (!publicKey) throw new Error('a certificate needs its public key first');
        return {
          commonName: isNamedBySerial
            ? renderSerial(template, lot.firstNumber + index)
            : endpointKeyOf(endpointKey),
          serialNumber: positive(serials.subarray(position * 16, (position + 1) * 16)),
          publicPoint: publicKey.subarray(P256_SPKI_PREFIX.length),
        };
      });
      return issuer.issueAll(requests);
    },
    [Symbol.dispose]() {
      issuer[Symbol.dispose]();
    },
  };
}

function grantedCertificates({ lot, secrets }: DeriveSource): Certificates {
  return {
    issue: (batch) =>
      Array.from({ length: batch.count }, (_, position) => {
        const index = batch.from + position;
        const certificate = secrets.certificate(index);
        if (certificate) return certificate;
        throw new KeylineError('outside-grant', {
          message: `the grant has no certificate of unit ${index} of lot ${lot.code}`,
          facts: { index },
        });
      }),
    [Symbol.dispose]: () => undefined,
  };
}

/** Top bit cleared and the next set: positive and always 16 bytes in DER (RFC 5280 section 4.1.2.2). */
function positive(serial: Uint8Array): Uint8Array {
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

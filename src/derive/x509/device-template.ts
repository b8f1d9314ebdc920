import {
  keyIdentifier,
  authorityKeyIdentifier,
  deviceUsage,
  subjectKeyIdentifier,
} from './extensions.ts';
import { p256Spki } from '../../model/key-encoding.ts';
import type { X509Profile } from '../../model/lot.ts';
import { tbsCertificate } from './certificate.ts';
import type { CertificateFacts } from './certificate-reader.ts';
import { TAG } from './der.ts';
import { readChildren, readParts } from './der-reader.ts';
import type { DerValue } from './der-reader.ts';
import { distinguishedName } from './name.ts';

/** What differs between the certificates of a lot. */
export interface CertificateRequest {
  /** The endpoint key's or the serial's text, as the lot's profile says; 1 to 64 characters. */
  readonly commonName: string;
  /** 16 bytes as derived: the top bit clear, the next set. */
  readonly serialNumber: Uint8Array;
  /** The device's public key: 65 bytes, uncompressed P-256 point. */
  readonly publicPoint: Uint8Array;
}

/** Makes the TBSCertificate of one request, in an array of its own. */
export type DeviceTemplate = (request: CertificateRequest) => Uint8Array;

/**
 * A device certificate laid out once, for common names of `nameBytes` UTF-8 bytes: four values are
 * then copied to their places, at 2 µs a certificate where laying out takes 20 µs.
 */
export function deviceTemplate(
  issuing: CertificateFacts,
  profile: X509Profile,
  nameBytes: number,
): DeviceTemplate {
  const blank = tbsCertificate({
    // A first byte of 0x40 keeps the INTEGER at 16 bytes, as every derived serial number does.
    serialNumber: new Uint8Array(16).fill(0x40),
    algorithm: 'ecdsa-sha256',
    issuer: issuing.subject,
    notBefore: profile.notBefore,
    notAfter: profile.notAfter,
    subject: distinguishedName({ commonName: ' '.repeat(nameBytes) }),
    spki: p256Spki(new Uint8Array(65)),
    extensions: [
      ...deviceUsage(),
      subjectKeyIdentifier(new Uint8Array(20)),
      authorityKeyIdentifier(issuing.keyId),
    ],
  });
  const places = locate(blank);
  return ({ commonName, serialNumber, publicPoint }) => {
    if (
      serialNumber.length !== 16 ||
      publicPoint.length !== 65 ||
      (serialNumber[0] ?? 0) >> 6 !== 1
    ) {
      throw new Error('a certificate was asked for with values of another shape');
    }
    const tbs = Buffer.from(blank);
    tbs.set(serialNumber, places.serialNumber);
    tbs.write(commonName, places.commonName, nameBytes, 'utf8');
    tbs.set(publicPoint, places.publicPoint);
    tbs.set(keyIdentifier(publicPoint), places.keyId);
    return tbs;
  };
}

interface Places {
  readonly serialNumber: number;
  readonly commonName: number;
  readonly publicPoint: number;
  readonly keyId: number;
}

/** Where the four values stand, read from the structure itself. */
function locate(tbs: Uint8Array): Places {
  const [, serialNumber, , , , subject, spki, extensions] = readParts(tbs, TAG.sequence);
  const [, , , keyId] = descend(extensions, 0);
  return {
    serialNumber: endOf(tbs, serialNumber) - 16,
    commonName: endOf(tbs, subject) - (descend(subject, 0, 0)[1]?.contents.length ?? 0),
    publicPoint: endOf(tbs, spki) - 65,
    keyId: endOf(tbs, keyId) - 20,
  };
}

function descend(value: DerValue | undefined, ...path: readonly number[]): DerValue[] {
  const children = value ? readChildren(value) : [];
  const [step, ...rest] = path;
  return step === undefined ? children : descend(children[step], ...rest);
}

function endOf(all: Uint8Array, value: DerValue | undefined): number {
  return value ? value.raw.byteOffset - all.byteOffset + value.raw.length : NaN;
}

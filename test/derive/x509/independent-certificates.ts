import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Extension } from '@peculiar/x509';
import type { VectorLot, VectorUnit } from './vector-lots.ts';

/** A root, an issuing CA and a device certificate of one vector lot; DER in base64. */
export interface IndependentChain {
  readonly lotId: string;
  readonly index: number;
  readonly commonName: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly root: string;
  readonly issuing: string;
  readonly certificate: string;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const NOT_BEFORE = '2026-03-01T08:00:00Z';
const NOT_AFTER = '9999-12-31T23:59:59Z';
const ROOT_SCALAR = createHash('sha256').update('root of the certificate vectors').digest();

/** Made with nothing of keyline's: the structure by @peculiar/x509, the signature by @noble/curves. */
export async function independentChain(
  lot: VectorLot,
  unit: VectorUnit,
): Promise<IndependentChain> {
  using issuerKey = lot.issuerKey();
  const issuer = issuerKey.use((bytes) => Uint8Array.from(bytes));
  const rootName = 'Root of the vectors';
  const issuingName = `Issuing CA of ${lot.lotId}`;
  const authority = (pathLength?: number): Extension[] => [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
  const device = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']),
  ];
  return {
    lotId: lot.lotId,
    index: unit.index,
    commonName: unit.endpointKey,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    root: await certificate(
      { subject: rootName, issuer: rootName },
      { subject: ROOT_SCALAR, issuer: ROOT_SCALAR },
      { serialNumber: '01', extensions: authority() },
    ),
    issuing: await certificate(
      { subject: issuingName, issuer: rootName },
      { subject: issuer, issuer: ROOT_SCALAR },
      { serialNumber: '02', extensions: authority(0) },
    ),
    certificate: await certificate(
      { subject: unit.endpointKey, issuer: issuingName },
      { subject: unit.scalar, issuer },
      { serialNumber: Buffer.from(unit.serialNumber).toString('hex'), extensions: device },
    ),
  };
}

async function certificate(
  names: { readonly subject: string; readonly issuer: string },
  keys: { readonly subject: Uint8Array; readonly issuer: Uint8Array },
  rest: { readonly serialNumber: string; readonly extensions: readonly Extension[] },
): Promise<string> {
  const publicKey = await importKey(keys.subject, 'public');
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: rest.serialNumber,
      subject: new Name([{ CN: [{ utf8String: names.subject }] }]),
      issuer: new Name([{ CN: [{ utf8String: names.issuer }] }]),
      notBefore: new Date(NOT_BEFORE),
      notAfter: new Date(NOT_AFTER),
      signingAlgorithm: ECDSA,
      publicKey,
      signingKey: await importKey(keys.issuer, 'private'),
      extensions: [
        ...rest.extensions,
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(await importKey(keys.issuer, 'public')),
      ],
    },
    deterministic(keys.issuer),
  );
  return made.toString('base64');
}

/** WebCrypto but for its signature, which is RFC 6979's by @noble/curves. */
function deterministic(scalar: Uint8Array): webcrypto.Crypto {
  const subtle = new Proxy(webcrypto.subtle, {
    get(target, name) {
      if (name === 'sign') {
        return (_algorithm: unknown, _key: unknown, data: ArrayBuffer) =>
          Promise.resolve(p256.sign(new Uint8Array(data), scalar, { lowS: false }));
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...webcrypto, subtle };
}

function importKey(scalar: Uint8Array, type: 'public' | 'private') {
  const point = p256.getPublicKey(scalar, false);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const key = { kty: 'EC', crv: 'P-256', x: text(point.slice(1, 33)), y: text(point.slice(33)) };
  return type === 'public'
    ? webcrypto.subtle.importKey('jwk', key, ECDSA, true, ['verify'])
    : webcrypto.subtle.importKey('jwk', { ...key, d: text(scalar) }, ECDSA, true, ['sign']);
}

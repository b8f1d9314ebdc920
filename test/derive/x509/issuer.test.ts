import 'reflect-metadata';
import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from '@peculiar/x509';
import { describe, expect, test } from 'vitest';
import { createIssuer } from '../../../src/derive/x509/issuer.ts';
import { selfSignedIssuingCa } from '../../../src/derive/x509/issuing-ca.ts';
import { fromBase64, toHex } from '../../../src/kernel/bytes.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { p256Pkcs8 } from '../../../src/model/key-encoding.ts';
import type { X509Profile } from '../../../src/model/lot.ts';
import { vectorLots } from './vector-lots.ts';
import type { VectorLot } from './vector-lots.ts';

const NO_EXPIRY = '9999-12-31T23:59:59Z';

async function profileOf(lot: VectorLot, notAfter = NO_EXPIRY): Promise<X509Profile> {
  using key = lot.issuerKey();
  const notBefore = '2026-03-01T08:00:00Z';
  const name = { lotId: lot.lotId, code: 'A1' };
  const chain = await selfSignedIssuingCa(key, { name, notBefore, notAfter });
  return { subject: 'endpoint-key', chain, notBefore, notAfter };
}

function requests(lot: VectorLot) {
  return lot.units.map((unit) => ({ ...unit, commonName: unit.endpointKey }));
}

async function certificatesOf(lot: VectorLot, notAfter?: string): Promise<Uint8Array[]> {
  using key = lot.issuerKey();
  using issuer = createIssuer(await profileOf(lot, notAfter), key);
  return issuer.issueAll(requests(lot));
}

describe.each(vectorLots())('certificates of $lotId', (lot) => {
  test('verify with the key of the vectors and hold what was asked for', async () => {
    const profile = await profileOf(lot);
    const issuing = new NodeCertificate(fromBase64(profile.chain[0] ?? '') ?? '');
    const certificates = await certificatesOf(lot);
    for (const [at, unit] of lot.units.entries()) {
      const certificate = new NodeCertificate(certificates[at] ?? '');
      expect(certificate.verify(issuing.publicKey)).toBe(true);
      expect(certificate.checkIssued(issuing)).toBe(true);
      expect(certificate.serialNumber.toLowerCase()).toBe(toHex(unit.serialNumber));
      expect(certificate.subject).toBe(`CN=${unit.endpointKey}`);
      expect(certificate.issuer).toBe(`OU=${lot.lotId}\nCN=A1`);
      expect(certificate.ca).toBe(false);
      const pkcs8 = Buffer.from(p256Pkcs8(unit.scalar, unit.publicPoint));
      const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      expect(certificate.checkPrivateKey(key)).toBe(true);
    }
  });

  test('read by @peculiar/x509 have exactly the extensions of derivation.md', async () => {
    const [der = new Uint8Array()] = await certificatesOf(lot);
    const certificate = new X509Certificate(Buffer.from(der));
    const issuing = new X509Certificate((await profileOf(lot)).chain[0] ?? '');
    const read = certificate.extensions.map((one) => ({ type: one.type, critical: one.critical }));
    expect(read).toEqual([
      { type: '2.5.29.19', critical: true },
      { type: '2.5.29.15', critical: true },
      { type: '2.5.29.37', critical: false },
      { type: '2.5.29.14', critical: false },
      { type: '2.5.29.35', critical: false },
    ]);
    expect(certificate.getExtension(BasicConstraintsExtension)?.ca).toBe(false);
    expect(certificate.getExtension(KeyUsagesExtension)?.usages).toBe(
      KeyUsageFlags.digitalSignature,
    );
    expect(certificate.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual([
      '1.3.6.1.5.5.7.3.2',
    ]);
    const keyId = (one: X509Certificate) => one.getExtension(SubjectKeyIdentifierExtension)?.keyId;
    const expected = Buffer.from(await certificate.publicKey.getKeyIdentifier()).toString('hex');
    expect(keyId(certificate)).toBe(expected);
    expect(certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(keyId(issuing));
  });

  test('made again, one by one and in another order, are the same bytes', async () => {
    const together = await certificatesOf(lot);
    using key = lot.issuerKey();
    using issuer = createIssuer(await profileOf(lot), key);
    const alone = requests(lot)
      .reverse()
      .map((request) => toHex(issuer.issue(request)));
    expect(alone.reverse()).toEqual(together.map(toHex));
  });
});

test.each([
  ['2049-12-31T23:59:59Z', '17', '3439313233313233353935395a'],
  ['2050-01-01T00:00:00Z', '18', '32303530303130313030303030305a'],
  [NO_EXPIRY, '18', '39393939313233313233353935395a'],
])('an end at %s is written as RFC 5280 wants it', async (notAfter, tag, digits) => {
  const [lot] = vectorLots();
  const [certificate = new Uint8Array()] = lot ? await certificatesOf(lot, notAfter) : [];
  expect(toHex(certificate)).toContain(
    tag + (digits.length / 2).toString(16).padStart(2, '0') + digits,
  );
  expect(new Date(new NodeCertificate(certificate).validTo)).toEqual(new Date(notAfter));
});

test('names of different lengths in one batch each stand whole', async () => {
  const [lot] = vectorLots();
  if (!lot) throw new Error('no vectors');
  using key = lot.issuerKey();
  using issuer = createIssuer(await profileOf(lot), key);
  const names = ['A', 'ACME-A1-00000001', 'x'.repeat(64), 'B'];
  const certificates = issuer.issueAll(
    names.map((commonName, at) => ({ ...sureUnit(lot, at), commonName })),
  );
  const subjects = certificates.map((der) => new NodeCertificate(der).subject);
  expect(subjects).toEqual(names.map((name) => `CN=${name}`));
});

test('a name of 65 characters is refused', async () => {
  const [lot] = vectorLots();
  if (!lot) throw new Error('no vectors');
  using key = lot.issuerKey();
  using issuer = createIssuer(await profileOf(lot), key);
  const request = { ...sureUnit(lot, 0), commonName: 'x'.repeat(65) };
  expect(() => issuer.issue(request)).toThrow(
    expect.objectContaining({ code: 'certificate-invalid' }),
  );
});

test('an issuing key that is not the chain’s is refused', async () => {
  const [lot, other] = vectorLots();
  if (!lot || !other) throw new Error('no vectors');
  using key = other.issuerKey();
  const profile = await profileOf(lot);
  expect(() => createIssuer(profile, key)).toThrow(
    expect.objectContaining({ code: 'certificate-invalid' }),
  );
});

test('a profile whose chain is no certificate is refused', async () => {
  const [lot] = vectorLots();
  if (!lot) throw new Error('no vectors');
  using key = Secret.take(new Uint8Array(32).fill(1));
  const profile = await profileOf(lot);
  for (const first of ['', 'AAAA', 'MIIB', `${profile.chain[0] ?? ''}AAAA`, 'MAA=', 'MAIwAA==']) {
    expect(() => createIssuer({ ...profile, chain: [first] }, key)).toThrow(
      expect.objectContaining({ code: 'certificate-invalid' }),
    );
  }
});

function sureUnit(lot: VectorLot, at: number) {
  const unit = lot.units[at];
  if (!unit) throw new Error('no such unit');
  return unit;
}

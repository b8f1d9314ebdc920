import 'reflect-metadata';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  X509Certificate as PeculiarCertificate,
} from '@peculiar/x509';
import { describe, expect, test } from 'vitest';
import { scalarSigner, signAuthority } from '../../../src/derive/x509/authority.ts';
import { isSelfSigned } from '../../../src/derive/x509/chain.ts';
import { authorityUsage, deviceUsage } from '../../../src/derive/x509/extensions.ts';
import {
  acceptIssuingCertificate,
  certifyIssuingCa,
  makeIssuingCsr,
  selfSignedIssuingCa,
} from '../../../src/derive/x509/issuing-ca.ts';
import { distinguishedName } from '../../../src/derive/x509/name.ts';
import { keySigner } from '../../../src/derive/x509/root-signer.ts';
import type { Root } from '../../../src/derive/x509/root-signer.ts';
import { concat, fromBase64, toHex } from '../../../src/kernel/bytes.ts';
import { p256Spki } from '../../../src/model/key-encoding.ts';
import { spkiOf } from '../../../src/model/hierarchy.ts';
import { vectorLots } from './vector-lots.ts';

const [lot, otherLot] = vectorLots();
if (!lot || !otherLot) throw new Error('no vectors');
const NAME = { lotId: lot.lotId, code: 'A1' };
const FROM = '2026-01-01T00:00:00Z';
const UNTIL = '2049-12-31T23:59:59Z';
const refused = expect.objectContaining({ code: 'certificate-invalid' }) as Error;

const p256 = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;

async function rootWith(
  key: KeyObject,
  extensions = authorityUsage(),
  signingKey = key,
): Promise<Root> {
  const name = distinguishedName({ commonName: 'ACME Root' });
  const certificate = await signAuthority(
    {
      issuer: name,
      subject: name,
      notBefore: FROM,
      notAfter: UNTIL,
      spki: spkiOf(key),
      extensions,
    },
    keySigner(signingKey),
  );
  return { chain: [certificate], signer: keySigner(key) };
}

const certify = (root: Root, point = lot.issuerPoint) =>
  certifyIssuingCa(root, point, { name: NAME, notBefore: FROM });

describe.each([
  ['P-256', p256()],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
])('a root on %s', (_, key) => {
  test('certifies the issuing CA of a lot', async () => {
    const root = await rootWith(key);
    const [first = '', second = ''] = await certify(root);
    const issuing = new X509Certificate(fromBase64(first) ?? '');
    const rootCertificate = new X509Certificate(fromBase64(second) ?? '');
    expect(issuing.verify(rootCertificate.publicKey)).toBe(true);
    expect(rootCertificate.verify(rootCertificate.publicKey)).toBe(true);
    expect(issuing.checkIssued(rootCertificate)).toBe(true);
    expect(issuing.subject).toBe(`OU=${lot.lotId}\nCN=A1`);
    expect(toHex(spkiOf(issuing.publicKey))).toBe(toHex(lot.issuerSpki));
    expect(new Date(issuing.validTo)).toEqual(new Date(UNTIL));
  });
});

test('an issuing CA has path length 0 and may sign certificates and revocation lists only', async () => {
  const [first = ''] = await certify(await rootWith(p256()));
  const issuing = new PeculiarCertificate(first);
  const constraints = issuing.getExtension(BasicConstraintsExtension);
  expect(constraints).toMatchObject({ ca: true, pathLength: 0, critical: true });
  expect(issuing.getExtension(KeyUsagesExtension)?.usages).toBe(
    KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
  );
});

test('serial numbers are positive, of 16 bytes, and differ where anything differs', async () => {
  const key = p256();
  const root = await rootWith(key);
  const numbers = await Promise.all(
    [lot.issuerPoint, lot.issuerPoint, otherLot.issuerPoint].map(async (point) => {
      const [first = ''] = await certify(root, point);
      return new X509Certificate(fromBase64(first) ?? '').serialNumber;
    }),
  );
  for (const number of numbers) expect(number).toMatch(/^[4-7][0-9A-F]{31}$/);
  expect(new Set(numbers).size).toBe(2);
});

test('a self-signed issuing CA is the same bytes each time', async () => {
  const options = { name: NAME, notBefore: FROM, notAfter: UNTIL };
  using key = lot.issuerKey();
  const [once = ''] = await selfSignedIssuingCa(key, options);
  const [again = ''] = await selfSignedIssuingCa(key, options);
  expect(again).toBe(once);
  expect(isSelfSigned(fromBase64(once) ?? new Uint8Array())).toBe(true);
});

test('the request that an outside root answers verifies and asks for path length 0', async () => {
  using key = lot.issuerKey();
  const request = new Pkcs10CertificateRequest(Buffer.from(await makeIssuingCsr(key, NAME)));
  expect(await request.verify()).toBe(true);
  expect(toHex(new Uint8Array(request.publicKey.rawData))).toBe(toHex(lot.issuerSpki));
  expect(request.subject).toBe(`OU=${lot.lotId}, CN=A1`);
  expect(request.getExtension('2.5.29.19')).toMatchObject({
    ca: true,
    pathLength: 0,
  });
});

describe('refused is', () => {
  test('a root whose key is not the one in its certificate', async () => {
    const root = await rootWith(p256());
    await expect(certify({ ...root, signer: keySigner(p256()) })).rejects.toThrow(refused);
  });

  test('a root whose signature is not its own', async () => {
    await expect(certify(await rootWith(p256(), authorityUsage(), p256()))).rejects.toThrow(
      refused,
    );
  });

  test('a root that is no CA', async () => {
    await expect(certify(await rootWith(p256(), deviceUsage()))).rejects.toThrow(refused);
    await expect(certify(await rootWith(p256(), []))).rejects.toThrow(refused);
  });

  test('a root that may not sign certificates', async () => {
    const [constraints = new Uint8Array(), usage = new Uint8Array()] = authorityUsage();
    const [, signing = new Uint8Array()] = deviceUsage();
    const listsOnly = Uint8Array.from(usage);
    listsOnly[listsOnly.length - 1] = 0b0000_0010;
    for (const wrong of [signing, listsOnly]) {
      await expect(certify(await rootWith(p256(), [constraints, wrong]))).rejects.toThrow(refused);
    }
    await expect(certify(await rootWith(p256(), [constraints]))).resolves.toHaveLength(2);
  });

  test('a root of path length 0, as it may certify no CA', async () => {
    await expect(certify(await rootWith(p256(), authorityUsage(0)))).rejects.toThrow(refused);
    await expect(certify(await rootWith(p256(), authorityUsage(1)))).resolves.toHaveLength(2);
  });

  test('an end before the beginning', async () => {
    const options = { name: NAME, notBefore: FROM, notAfter: FROM };
    const root = await rootWith(p256());
    await expect(certifyIssuingCa(root, lot.issuerPoint, options)).rejects.toThrow(refused);
  });

  test('an answer for another key', async () => {
    const chain = (await certify(await rootWith(p256()), otherLot.issuerPoint)).map(bytesOf);
    expect(() => acceptIssuingCertificate(chain, lot.issuerPoint)).toThrow(refused);
    expect(acceptIssuingCertificate(chain, otherLot.issuerPoint)).toHaveLength(2);
  });

  test('an answer without its path length, or as a device', async () => {
    using issuerKey = lot.issuerKey();
    const name = distinguishedName({ commonName: 'X' });
    for (const extensions of [authorityUsage(), authorityUsage(1), deviceUsage()]) {
      const fields = { issuer: name, subject: name, notBefore: FROM, notAfter: UNTIL, extensions };
      const spki = p256Spki(lot.issuerPoint);
      const certificate = await signAuthority({ ...fields, spki }, scalarSigner(issuerKey));
      expect(() => acceptIssuingCertificate([certificate], lot.issuerPoint)).toThrow(refused);
    }
  });

  test('an answer that has expired or is not valid yet', async () => {
    const chain = (await certify(await rootWith(p256()))).map(bytesOf);
    const accept = (at: string) => acceptIssuingCertificate(chain, lot.issuerPoint, { at });
    expect(() => accept('2050-01-01T00:00:00Z')).toThrow(refused);
    expect(() => accept('2025-12-31T23:59:59Z')).toThrow(refused);
    expect(accept(FROM)).toHaveLength(2);
    expect(accept(UNTIL)).toHaveLength(2);
  });

  test('a chain out of order, with a stranger, cut, or with no certificate', async () => {
    const [issuing, root] = (await certify(await rootWith(p256()))).map(bytesOf);
    const [stranger] = (await rootWith(p256())).chain;
    if (!issuing || !root || !stranger) throw new Error('no chain');
    const longer = concat(issuing, Uint8Array.of(0));
    const cut = issuing.subarray(0, 99);
    const chains = [[], [root, issuing], [issuing, stranger], [cut, root], [longer, root]];
    for (const chain of chains) {
      expect(() => acceptIssuingCertificate(chain, lot.issuerPoint)).toThrow(refused);
    }
    expect(() =>
      acceptIssuingCertificate(Array<Uint8Array>(9).fill(root), lot.issuerPoint),
    ).toThrow(refused);
  });

  test('an RSA key of 1024 bits and a key that cannot sign', () => {
    const keys = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
      generateKeyPairSync('x25519').privateKey,
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
    ];
    for (const key of keys) expect(() => keySigner(key)).toThrow(refused);
  });
});

test('a certificate cut anywhere, or with any byte changed, is read or refused, and nothing else', async () => {
  const [first = ''] = await certify(await rootWith(p256()));
  const whole = bytesOf(first);
  for (let size = 0; size < whole.length; size++) {
    expect(() => acceptIssuingCertificate([whole.subarray(0, size)], lot.issuerPoint)).toThrow(
      refused,
    );
  }
  for (let at = 0; at < whole.length; at++) {
    const altered = Uint8Array.from(whole);
    altered[at] = (altered[at] ?? 0) ^ 0xff;
    try {
      acceptIssuingCertificate([altered], lot.issuerPoint);
    } catch (error) {
      expect(error).toEqual(refused);
    }
  }
});

function bytesOf(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array();
}

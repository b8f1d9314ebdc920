import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createIssuer } from '../../../src/derive/x509/issuer.ts';
import { acceptIssuingCertificate } from '../../../src/derive/x509/issuing-ca.ts';
import { fromBase64, toBase64 } from '../../../src/kernel/bytes.ts';
import { independentChain } from './independent-certificates.ts';
import type { IndependentChain } from './independent-certificates.ts';
import { vectorLots } from './vector-lots.ts';

const { chains } = JSON.parse(readFileSync('fixtures/certificates/keyline-v1.json', 'utf8')) as {
  chains: IndependentChain[];
};

describe.each(chains)('the certificate of unit $index of $lotId', (vector) => {
  const lot = vectorLots().find((one) => one.lotId === vector.lotId);
  const unit = lot?.units.find((one) => one.index === vector.index);
  if (!lot || !unit) throw new Error('a vector without its lot');

  test('is the vector, byte for byte', () => {
    const { notBefore, notAfter } = vector;
    const chain = [vector.issuing, vector.root];
    using key = lot.issuerKey();
    using issuer = createIssuer({ subject: 'endpoint-key', chain, notBefore, notAfter }, key);
    const certificate = issuer.issue({ ...unit, commonName: vector.commonName });
    expect(toBase64(certificate)).toBe(vector.certificate);
  });

  test('has a vector that is still what its source makes, and that leads up to its root', async () => {
    expect(await independentChain(lot, unit)).toEqual(vector);
    const [device, issuing, root] = [vector.certificate, vector.issuing, vector.root].map(
      (text) => new X509Certificate(Buffer.from(text, 'base64')),
    );
    expect(issuing && device?.verify(issuing.publicKey)).toBe(true);
    expect(root && issuing?.verify(root.publicKey)).toBe(true);
  });

  test('stands under an issuing CA that a lot accepts', () => {
    const chain = [vector.issuing, vector.root].map((text) => fromBase64(text) ?? new Uint8Array());
    expect(acceptIssuingCertificate(chain, lot.issuerPoint)).toEqual([vector.issuing, vector.root]);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { compactVerify, CompactSign, exportJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { signDeviceProof, verifyDeviceProof } from '../../src/custody/device-proof.ts';
import { utf8 } from '../../src/kernel/bytes.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import type { EndpointKey } from '../../src/model/ids.ts';

const proof = {
  audience: 'https://registry.example',
  nonce: 'n-1',
  endpointKey: 'ek_872kt5jqqc3px3efzh4j3brhmm' as EndpointKey,
};
const pairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function reasonOf(jws: string): unknown {
  try {
    verifyDeviceProof(jws);
  } catch (error) {
    if (error instanceof KeylineError && error.code === 'signature-invalid') {
      return error.facts['reason'];
    }
    throw error;
  }
  return 'accepted';
}

async function joseProof(
  parts: { header?: object; payload?: object; alg?: 'EdDSA' | 'ES256' } = {},
): Promise<string> {
  const { alg = 'ES256', header, payload } = parts;
  const { privateKey, publicKey } = pairs[alg];
  const { aud, nonce, ek } = { aud: proof.audience, nonce: proof.nonce, ek: proof.endpointKey };
  return await new CompactSign(utf8(JSON.stringify({ aud, nonce, ek, ...payload })))
    .setProtectedHeader({
      ...{ typ: 'keyline-device+jws', alg, jwk: await exportJWK(publicKey) },
      ...header,
    })
    .sign(privateKey);
}

describe.each(['EdDSA', 'ES256'] as const)('a proof by %s', (alg) => {
  const { privateKey, publicKey } = pairs[alg];

  test('is read by jose', async () => {
    const { payload, protectedHeader } = await compactVerify(
      signDeviceProof(proof, privateKey),
      publicKey,
    );
    expect(protectedHeader).toEqual({
      ...{ typ: 'keyline-device+jws', alg, jwk: await exportJWK(publicKey) },
    });
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual({
      ...{ aud: proof.audience, nonce: proof.nonce, ek: proof.endpointKey },
    });
  });

  test('of jose is accepted, with the key that made it', async () => {
    expect(verifyDeviceProof(await joseProof({ alg }))).toEqual({
      ...{ ...proof, spki: spkiOf(publicKey) },
    });
  });
});

test.each([
  ['of another type', { header: { typ: 'keyline-lot+jws' } }, 'typ'],
  ['with a header of its own', { header: { kid: '1' } }, 'malformed'],
  ['with a member more', { payload: { admin: true } }, 'payload'],
  ['for no endpoint key', { payload: { ek: 'ek_1' } }, 'payload'],
])('a proof %s is refused', async (_name, parts, reason) => {
  expect(reasonOf(await joseProof(parts))).toBe(reason);
});

test('a proof that names another key than signed it is refused', async () => {
  const jwk = await exportJWK(other.publicKey);
  expect(reasonOf(await joseProof({ header: { jwk } }))).toBe('signature');
});

test('a proof that names the private key too is refused', async () => {
  const jwk = await exportJWK(pairs.ES256.privateKey);
  expect(reasonOf(await joseProof({ header: { jwk } }))).toBe('malformed');
});

test.each(['', '.', '..', 'a.b.c', `${'a'.repeat(3000)}.b.c`])(
  'what is no JWS is refused: %j',
  (text) => {
    expect(reasonOf(text)).toBe('malformed');
  },
);

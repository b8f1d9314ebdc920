import { createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toBase64Url, utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import {
  manufacturerPrivateKey,
  manufacturerPublicKey,
} from '../../src/keystore/manufacturer-key.ts';
import { ed25519PrivateKey, softwareExpander, spkiOf } from '../../src/model/hierarchy.ts';
import { openKeyProof, signKeyProof } from '../../src/seals/key-proof.ts';

const custody = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/custody/keyline-v1.json'), 'utf8'),
) as { readonly manufacturer: string };
const manufacturerKey = Buffer.from(custody.manufacturer, 'hex').toString('base64');

// The secret key of RFC 8032 section 7.1, test 1.
const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const sealKey = ed25519PrivateKey(Secret.take(Uint8Array.from(seed)));
const proof = {
  ...{ registry: 'https://registry.example', account: 'acme', nonce: 'AAAAAAAAAAAAAAAAAAAAAA' },
  ...{ expiresAt: '2026-01-01T00:10:00Z', manufacturerKey },
};

test('a key proof names the provisioning key that commits to its signer', async () => {
  const opened = await openKeyProof(await signKeyProof(proof, sealKey));
  expect(opened).toMatchObject(proof);
  expect(opened.provisioningKey).toMatch(/^kp_/);
});

test('a key proof with a member more, or altered, is refused', async () => {
  const jws = await signKeyProof({ ...proof, test: true }, sealKey);
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const more = toBase64Url(utf8(JSON.stringify({ ...proof, admin: true })));
  const signed = toBase64Url(sign(null, utf8(`${header}.${more}`), sealKey));
  await expect(openKeyProof(`${header}.${more}.${signed}`)).rejects.toMatchObject({
    ...{ code: 'signature-invalid', facts: { reason: 'payload' } },
  });
  const other = toBase64Url(utf8(JSON.stringify({ ...proof, account: 'thief' })));
  await expect(openKeyProof(`${header}.${other}.${signature}`)).rejects.toMatchObject({
    ...{ code: 'signature-invalid', facts: { reason: 'signature' } },
  });
  expect(payload).not.toBe(other);
});

test('the manufacturer key of a secret signs what its public half, made elsewhere, verifies', async () => {
  const bytes = Buffer.from('Q8AFQXPRH574PtefFrpDHgRvexPn13LntM7vIBJIxxI=', 'base64url');
  using secret = Secret.take(Uint8Array.from(bytes));
  const key = await manufacturerPrivateKey(softwareExpander(secret));
  expect(Buffer.from(spkiOf(key)).toString('hex')).toBe(custody.manufacturer);
  const spki = await manufacturerPublicKey(softwareExpander(secret));
  const message = utf8('message');
  const signature = sign('sha256', message, key);
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  expect(verify('sha256', message, publicKey, signature)).toBe(true);
});

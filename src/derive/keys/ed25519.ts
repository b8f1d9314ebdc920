import { createPrivateKey, createPublicKey } from 'node:crypto';
import { equalBytes, fromHex } from '../../kernel/bytes.ts';
import { ed25519Pkcs8, ED25519_SPKI_PREFIX } from '../../model/key-encoding.ts';
import type { PublicKeyMaker } from './public-key-maker.ts';

/**
 * Ed25519 public keys (32 bytes) from 32-byte seeds, RFC 8032 section 5.1.5. A JWK import ignores the
 * `x` it is given and computes the true one: 25 k keys/s, where the documented PKCS #8 import does
 * 2.3 k/s, because decoding DER is slow, and @noble/curves 3.9 k/s (Node 20, one thread). As nothing
 * promises that, each maker proves itself on RFC 8032's first test vector, and the documented way
 * takes over where that fails.
 */
export function createEd25519(): PublicKeyMaker {
  return isProven(byJwk) ? maker('node:crypto JWK', byJwk) : createDocumentedEd25519();
}

/** The same by documented functions of node:crypto alone. */
export function createDocumentedEd25519(): PublicKeyMaker {
  return maker('node:crypto PKCS #8', byPkcs8);
}

/** The 32-byte public key of one seed; for many, keep a `createEd25519()`. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return createEd25519().publicKey(seed);
}

type Way = (seed: Uint8Array) => Uint8Array;

// RFC 8032 section 7.1, TEST 1.
const KNOWN_SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const KNOWN_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

const DUMMY_X = 'A'.repeat(43);

/** True when this way finds the known public key; whatever it throws or returns instead is a no. */
export function isProven(way: Way): boolean {
  const seed = fromHex(KNOWN_SEED);
  const key = fromHex(KNOWN_KEY);
  if (!seed || !key) return false;
  try {
    return equalBytes(way(seed), key);
  } catch {
    // The way is not there on this Node: an answer, not a failure.
    return false;
  }
}

function byJwk(seed: Uint8Array): Uint8Array {
  const d = Buffer.from(seed.buffer, seed.byteOffset, seed.length).toString('base64url');
  const key = { kty: 'OKP', crv: 'Ed25519', d, x: DUMMY_X };
  const { x } = createPrivateKey({ format: 'jwk', key }).export({ format: 'jwk' });
  return Uint8Array.from(Buffer.from(x ?? '', 'base64url'));
}

function byPkcs8(seed: Uint8Array): Uint8Array {
  const pkcs8 = Buffer.from(ed25519Pkcs8(seed).buffer);
  const key = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }));
  pkcs8.fill(0);
  return Uint8Array.from(
    key.export({ format: 'der', type: 'spki' }).subarray(ED25519_SPKI_PREFIX.length),
  );
}

function maker(name: string, way: Way): PublicKeyMaker {
  return { name, publicKey: way, [Symbol.dispose]: () => undefined };
}

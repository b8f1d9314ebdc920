import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { equalBytes } from '../kernel/bytes.ts';
import { encodeCbor, decodeCbor } from './cbor.ts';
import { publicKeyOf } from './cose-key.ts';
import { refusedCustody } from './custody-error.ts';

/** Tag 18, RFC 9052 section 2; one byte in CBOR. */
const TAG_18 = 0xd2;
/** `{1: -7}`: alg ES256, RFC 9053 section 2.1. The only header there is. */
const PROTECTED = encodeCbor(new Map([[1, -7]]));
const SIGNATURE_BYTES = 64;

/** A COSE_Sign1 that was read and not yet verified. */
export interface Sign1 {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signs `payload` with a P-256 private key as tagged COSE_Sign1 with ES256 (RFC 9052 section 4.2). */
export function signSign1(payload: Uint8Array, privateKey: KeyObject): Uint8Array {
  const signature = sign('sha256', toBeSigned(payload), {
    key: privateKey,
    // r || s, RFC 9053 section 2.1.
    dsaEncoding: 'ieee-p1363',
  });
  const body = encodeCbor([PROTECTED, new Map(), payload, Uint8Array.from(signature)]);
  return Uint8Array.of(TAG_18, ...body);
}

/** Reads a tagged COSE_Sign1 of exactly the form that `signSign1` writes. Throws `custody-invalid` (malformed). */
export function parseSign1(bytes: Uint8Array): Sign1 {
  const parts = bytes[0] === TAG_18 ? decodeCbor(bytes.subarray(1)) : undefined;
  if (Array.isArray(parts) && parts.length === 4) {
    const [header, unprotected, payload, signature] = parts as unknown[];
    const isOurs =
      header instanceof Uint8Array &&
      equalBytes(header, PROTECTED) &&
      unprotected instanceof Map &&
      unprotected.size === 0;
    if (isOurs && payload instanceof Uint8Array && signature instanceof Uint8Array) {
      if (signature.length === SIGNATURE_BYTES) return { payload, signature };
    }
  }
  throw refusedCustody('malformed', 'it is no COSE_Sign1 with ES256');
}

/** Whether the key with this SPKI made the signature. */
export function isSignedBy({ payload, signature }: Sign1, spki: Uint8Array): boolean {
  const key = publicKeyOf(spki);
  if (!key) return false;
  return verify('sha256', toBeSigned(payload), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** Sig_structure of RFC 9052 section 4.4, without external data. */
function toBeSigned(payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', PROTECTED, new Uint8Array(), payload]);
}

import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concat, equalBytes } from '../kernel/bytes.ts';
import { P256_SPKI_PREFIX, p256Spki } from '../model/key-encoding.ts';
import { bytesOf, closedMap } from './cbor.ts';
import type { CborValue } from './cbor.ts';

/** Labels of a COSE_Key (RFC 9052 section 7.1) on a curve with two coordinates (RFC 9053 section 7.1.1). */
const KTY = 1;
const CRV = -1;
const X = -2;
const Y = -3;
const EC2 = 2;
const P256 = 1;

/** The COSE_Key of a P-256 public key given as its 91-byte SPKI, as a map for CBOR. */
export function coseKeyOf(spki: Uint8Array): CborValue {
  const point = spki.subarray(P256_SPKI_PREFIX.length);
  return new Map<number, CborValue>([
    [KTY, EC2],
    [CRV, P256],
    [X, point.slice(1, 33)],
    [Y, point.slice(33)],
  ]);
}

/** The 91-byte SPKI that a COSE_Key stands for, or undefined: another kind of key, or no point of P-256. */
export function spkiOfCoseKey(value: unknown): Uint8Array | undefined {
  const map = closedMap(value, [KTY, CRV, X, Y]);
  if (map?.get(KTY) !== EC2 || map.get(CRV) !== P256) return undefined;
  const x = bytesOf(map.get(X), 32);
  const y = bytesOf(map.get(Y), 32);
  if (!x || !y) return undefined;
  const spki = p256Spki(concat(Uint8Array.of(4), x, y));
  return publicKeyOf(spki) && spki;
}

/** The 91-byte SPKI of a P-256 key, as it was given, or undefined: another form, or no point of the curve. */
export function p256SpkiIn(bytes: Uint8Array): Uint8Array | undefined {
  const hasForm =
    bytes.length === P256_SPKI_PREFIX.length + 65 &&
    equalBytes(bytes.subarray(0, P256_SPKI_PREFIX.length), P256_SPKI_PREFIX) &&
    bytes[P256_SPKI_PREFIX.length] === 4;
  return hasForm && publicKeyOf(bytes) ? bytes : undefined;
}

/** The key of a P-256 SPKI, or undefined where its point is not on the curve. */
export function publicKeyOf(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    // OpenSSL checks the point against the curve.
    return undefined;
  }
}

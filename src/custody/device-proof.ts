import { createPublicKey, sign, verify } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { fromBase64Url, toBase64Url, utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { spkiOf } from '../model/hierarchy.ts';
import { parseEndpointKey } from '../model/ids.ts';
import type { EndpointKey } from '../model/ids.ts';

const TYP = 'keyline-device+jws';
const LIMIT = 2048;

/** What a device with a key pair says to a registry to prove its credential; it needs no clock for it. */
export interface DeviceProof {
  /** The registry's URL, so that a proof for one registry is none for another. */
  readonly audience: string;
  /** The registry's, used once. */
  readonly nonce: string;
  readonly endpointKey: EndpointKey;
}

/** The two kinds of key: name in JWS (RFC 7518 section 3.1, RFC 8037 section 3.1), and members of the JWK. */
const KINDS = {
  ed25519: { alg: 'EdDSA', digest: null, jwk: { kty: 'OKP', crv: 'Ed25519' }, parts: ['x'] },
  ec: { alg: 'ES256', digest: 'sha256', jwk: { kty: 'EC', crv: 'P-256' }, parts: ['x', 'y'] },
} as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

/** The proof as compact JWS (RFC 7515), by an Ed25519 or P-256 private key. */
export function signDeviceProof(proof: DeviceProof, privateKey: KeyObject): string {
  const kind = privateKey.asymmetricKeyType === 'ed25519' ? KINDS.ed25519 : KINDS.ec;
  const exported = createPublicKey(privateKey).export({ format: 'jwk' });
  const jwk = { ...kind.jwk, ...partsOf(exported, kind) };
  const header = { typ: TYP, alg: kind.alg, jwk };
  const payload = { aud: proof.audience, nonce: proof.nonce, ek: proof.endpointKey };
  const input = [header, payload].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join('.');
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${toBase64Url(sign(kind.digest, utf8(input), key))}`;
}

/**
 * A proof whose signature is good, and the SPKI DER of the key that made it. That the endpoint key
 * commits to this key, that the nonce is fresh and the audience right is the caller's to check. Throws
 * `signature-invalid`.
 */
export function verifyDeviceProof(jws: string): DeviceProof & { readonly spki: Uint8Array } {
  if (jws.length > LIMIT) throw refused('malformed');
  const [headerText, payloadText, signatureText, ...more] = jws.split('.');
  const header = objectOf(headerText, ['typ', 'alg', 'jwk']);
  const signature = fromBase64Url(signatureText ?? '');
  if (!header || signature?.length !== 64 || more.length > 0) throw refused('malformed');
  if (header['typ'] !== TYP) throw refused('typ');
  const kind = Object.values(KINDS).find(({ alg }) => alg === header['alg']);
  const publicKey = kind && publicKeyOf(header['jwk'], kind);
  if (!publicKey) throw refused('malformed');
  const input = utf8(jws.slice(0, jws.lastIndexOf('.')));
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify(kind.digest, input, key, signature)) throw refused('signature');
  const { aud, nonce, ek } = objectOf(payloadText, ['aud', 'nonce', 'ek']) ?? {};
  const endpointKey = typeof ek === 'string' ? parseEndpointKey(ek) : undefined;
  if (typeof aud !== 'string' || typeof nonce !== 'string' || !endpointKey) {
    throw refused('payload');
  }
  return { audience: aud, nonce, endpointKey, spki: spkiOf(publicKey) };
}

function partsOf(jwk: JsonWebKey, { parts }: Kind): Record<string, unknown> {
  return Object.fromEntries(parts.map((part) => [part, jwk[part]]));
}

function publicKeyOf(value: unknown, kind: Kind): KeyObject | undefined {
  const members = [...Object.keys(kind.jwk), ...kind.parts];
  if (!isObject(value) || !hasExactly(value, members)) return undefined;
  const isKind = Object.entries(kind.jwk).every(([name, text]) => value[name] === text);
  const isWhole = kind.parts.every((part) => rawOf(value[part])?.length === 32);
  if (!isKind || !isWhole) return undefined;
  try {
    return createPublicKey({ key: value as JsonWebKey, format: 'jwk' });
  } catch {
    // No point of the curve.
    return undefined;
  }
}

function rawOf(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? fromBase64Url(value) : undefined;
}

function objectOf(
  text: string | undefined,
  members: readonly string[],
): Record<string, unknown> | undefined {
  const bytes = fromBase64Url(text ?? '');
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isObject(value) && hasExactly(value, members) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasExactly(value: object, members: readonly string[]): boolean {
  const names = Object.keys(value);
  return names.length === members.length && members.every((name) => names.includes(name));
}

function refused(reason: 'malformed' | 'typ' | 'signature' | 'payload'): KeylineError {
  return new KeylineError('signature-invalid', {
    message: 'the device’s proof does not verify',
    facts: { typ: TYP, reason },
  });
}

import { createECDH, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { signDeviceProof } from '../../../custody/device-proof.ts';
import { fromBase64, fromBase64Url, fromHex, toBase64Url } from '../../../kernel/bytes.ts';
import { KeylineError } from '../../../kernel/errors.ts';
import { parsePem } from '../../../kernel/pem.ts';
import { spkiOf } from '../../../model/hierarchy.ts';
import { endpointKeyOf, idBytes, parseEndpointKey } from '../../../model/ids.ts';
import type { EndpointKey } from '../../../model/ids.ts';
import { ed25519Pkcs8, p256Pkcs8 } from '../../../model/key-encoding.ts';
import type { DeviceProfile, ValueFormat, ValueSource } from '../../profile-model.ts';

/** One way in which a device can prove itself. */
export interface Proof {
  /** What the endpoint key commits to: the secret's 32 bytes, or the public key's SPKI. */
  readonly committed: Uint8Array;
  /** Undefined: by a signature, which needs a nonce of the registry. */
  readonly basic?: string;
  /** The Authorization header for a nonce, by signature (a JWS). */
  readonly sign?: (audience: string, nonce: string) => string;
}

/** What a device has from the factory: who it is, how it proves that, and whom it believes. */
export interface OwnCredential {
  readonly endpointKey: EndpointKey;
  /** More than one where 32 bytes are a key of either curve; one of them is the device's. */
  readonly proofs: readonly Proof[];
  /** SHA-256 of the manufacturer key (SPKI). */
  readonly custodyAnchor: Uint8Array;
}

/**
 * What the values of a device's memory say of it. Undefined: it was not provisioned. Throws
 * `device-unprepared` where something is missing or has another form than its profile says.
 */
export function ownCredential(
  profile: DeviceProfile,
  values: ReadonlyMap<string, Uint8Array>,
): OwnCredential | undefined {
  const read = (isWanted: (source: ValueSource) => boolean): Uint8Array | undefined => {
    for (const [name, source] of profile.values) {
      const value = isWanted(source) ? values.get(name) : undefined;
      const bytes = value && source.kind !== 'constant' && decoded(value, source.format);
      if (bytes) return bytes;
    }
    return undefined;
  };
  const column = (wanted: string) =>
    read((source) => source.kind === 'column' && source.column === wanted);
  if (values.size === 0) return undefined;
  const endpointKey = column('endpoint_key');
  const secret = column('endpoint_secret');
  const privateKey = column('private_key');
  const custodyAnchor = read(({ kind }) => kind === 'custody-anchor');
  if (endpointKey?.length !== 16) throw unprepared('no endpoint key');
  if (custodyAnchor?.length !== 32) throw unprepared('no custody anchor');
  const key = endpointKeyOf(endpointKey);
  const proofs = secret ? [bySecret(key, secret)] : keysOf(privateKey).map((k) => byKey(key, k));
  if (proofs.length === 0) throw unprepared('neither a secret nor a private key');
  return { endpointKey: key, proofs, custodyAnchor };
}

function bySecret(endpointKey: EndpointKey, secret: Uint8Array): Proof {
  if (secret.length !== 32) throw unprepared('no secret of 32 bytes');
  const text = Buffer.from(`${endpointKey}:es_${toBase64Url(secret)}`).toString('base64');
  return { committed: secret, basic: `Basic ${text}` };
}

function byKey(endpointKey: EndpointKey, key: KeyObject): Proof {
  return {
    committed: spkiOf(key),
    sign: (audience, nonce) => `Bearer ${signDeviceProof({ audience, nonce, endpointKey }, key)}`,
  };
}

/** A PKCS #8, or the 32 bytes of a key, which say nothing of their curve. */
function keysOf(bytes: Uint8Array | undefined): KeyObject[] {
  if (!bytes) return [];
  if (bytes.length !== 32) return [keyOf(bytes)];
  return [keyOf(ed25519Pkcs8(bytes)), keyOf(p256Pkcs8(bytes, pointOf(bytes)))];
}

function keyOf(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  } catch {
    // The parser's words could quote the key.
    throw unprepared('a private key that cannot be read');
  }
}

function pointOf(scalar: Uint8Array): Uint8Array {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  return ecdh.getPublicKey();
}

/** The bytes behind a value of the flash, or undefined: it has another form. */
function decoded(value: Uint8Array, format: ValueFormat): Uint8Array | undefined {
  if (format === 'raw') return value;
  const text = Buffer.from(value).toString('latin1').trim();
  switch (format) {
    case 'hex':
      return fromHex(text);
    case 'base64':
    case 'der':
      return fromBase64(text);
    case 'base64url':
      return fromBase64Url(text);
    case 'pem':
      return parsePem(text)[0]?.bytes;
    case 'text': {
      if (text.startsWith('es_')) return fromBase64Url(text.slice(3));
      const endpointKey = parseEndpointKey(text);
      return endpointKey && idBytes(endpointKey);
    }
  }
}

function unprepared(what: string): KeylineError {
  return new KeylineError('device-unprepared', { message: `the memory of a device has ${what}` });
}

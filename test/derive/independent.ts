import { createECDH, createHash, createHmac, createPrivateKey, createPublicKey } from 'node:crypto';
import type { Scheme } from '../../src/model/lot.ts';

/** keyline/v1 written once more, from derivation.md's text alone: node:crypto's HMAC and nothing of src. */
export interface IndependentUnit {
  readonly secret: Buffer;
  readonly endpointKey: Buffer;
  readonly publicKey: Buffer;
  readonly claimCode: Buffer;
  readonly certificateSerial: Buffer;
}

export function independentUnit(
  scheme: Exclude<Scheme, 'azure-dps'>,
  index: number,
  from: { readonly lotSecret: Uint8Array; readonly provisioningKey: Uint8Array },
): IndependentUnit {
  const at = BigInt(index);
  const block = hkdfExpand(from.lotSecret, info('keyline/v1 block', at >> 12n), 32);
  const value = (label: string, size: number) => hkdfExpand(block, info(label, at), size);
  const secret = {
    psk: () => value('keyline/v1 endpoint-secret', 32),
    ed25519: () => value('keyline/v1 ed25519-seed', 32),
    p256: () => scalar(value('keyline/v1 p256-scalar', 48)),
    'x509-p256': () => scalar(value('keyline/v1 p256-scalar', 48)),
  }[scheme]();
  const publicKey = spki(scheme, secret);
  return {
    secret,
    publicKey,
    endpointKey: independentEndpointKey(
      from.provisioningKey,
      scheme === 'psk' ? secret : publicKey,
    ),
    claimCode: value('keyline/v1 claim', 10),
    certificateSerial: value('keyline/v1 x509-serial', 16),
  };
}

/** `first16 H("keyline/v1 endpoint" || 00 || provisioningKey || 28 zero bytes || committed)`. */
export function independentEndpointKey(provisioningKey: Uint8Array, committed: Uint8Array): Buffer {
  return createHash('sha256')
    .update('keyline/v1 endpoint\0')
    .update(provisioningKey)
    .update(Buffer.alloc(28))
    .update(committed)
    .digest()
    .subarray(0, 16);
}

function hkdfExpand(key: Uint8Array, context: Buffer, size: number): Buffer {
  let okm = Buffer.alloc(0);
  let last = Buffer.alloc(0);
  for (let counter = 1; okm.length < size; counter++) {
    const mac = createHmac('sha256', key).update(last).update(context);
    last = mac.update(Buffer.of(counter)).digest();
    okm = Buffer.concat([okm, last]);
  }
  return okm.subarray(0, size);
}

function info(label: string, number: bigint): Buffer {
  const u64 = Buffer.alloc(8);
  u64.writeBigUInt64BE(number);
  return Buffer.concat([Buffer.from(`${label}\0`), u64]);
}

function scalar(okm: Buffer): Buffer {
  const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const d = (BigInt(`0x${okm.toString('hex')}`) % (n - 1n)) + 1n;
  return Buffer.from(d.toString(16).padStart(64, '0'), 'hex');
}

function spki(scheme: Scheme, privateKey: Buffer): Buffer {
  if (scheme === 'psk') return Buffer.alloc(0);
  if (scheme === 'ed25519') {
    const pkcs8 = Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      privateKey,
    ]);
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    return createPublicKey(key).export({ format: 'der', type: 'spki' });
  }
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  const jwk = ecdh.getPublicKey();
  const x = jwk.subarray(1, 33).toString('base64url');
  const y = jwk.subarray(33).toString('base64url');
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  return key.export({ format: 'der', type: 'spki' });
}

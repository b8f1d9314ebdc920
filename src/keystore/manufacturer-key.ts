import { createECDH, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Secret } from '../kernel/secret.ts';
import { deriveManufacturerSeed, p256Scalar } from '../model/hierarchy.ts';
import { p256Pkcs8, p256Spki } from '../model/key-encoding.ts';
import type { Expander } from '../model/hierarchy.ts';

/** Public half of the key that signs vouchers and first custody statements, 91 bytes of SPKI DER. */
export async function manufacturerPublicKey(provisioningSecret: Expander): Promise<Uint8Array> {
  using scalar = await manufacturerScalar(provisioningSecret);
  return p256Spki(pointOf(scalar));
}

/** The manufacturer key itself, P-256; derived anew by each call. */
export async function manufacturerPrivateKey(provisioningSecret: Expander): Promise<KeyObject> {
  using scalar = await manufacturerScalar(provisioningSecret);
  const point = pointOf(scalar);
  return scalar.use((bytes) => {
    const pkcs8 = p256Pkcs8(bytes, point);
    const key = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
    pkcs8.fill(0);
    return key;
  });
}

async function manufacturerScalar(provisioningSecret: Expander): Promise<Secret> {
  using seed = await deriveManufacturerSeed(provisioningSecret);
  return p256Scalar(seed);
}

function pointOf(scalar: Secret): Uint8Array {
  const ecdh = createECDH('prime256v1');
  scalar.use((bytes) => {
    ecdh.setPrivateKey(bytes);
  });
  return ecdh.getPublicKey();
}

import { createECDH } from 'node:crypto';
import { concat } from '../kernel/bytes.ts';
import { deriveManufacturerSeed, p256Scalar } from '../model/hierarchy.ts';
import { P256_SPKI_PREFIX } from '../model/key-encoding.ts';
import type { Expander } from '../model/hierarchy.ts';

/** Public half of the key that signs vouchers, 91 bytes of SPKI DER. */
export async function manufacturerPublicKey(provisioningSecret: Expander): Promise<Uint8Array> {
  using seed = await deriveManufacturerSeed(provisioningSecret);
  using scalar = p256Scalar(seed);
  const ecdh = createECDH('prime256v1');
  scalar.use((bytes) => {
    ecdh.setPrivateKey(bytes);
  });
  return concat(P256_SPKI_PREFIX, ecdh.getPublicKey());
}

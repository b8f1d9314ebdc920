import { createECDH } from 'node:crypto';
import { concat } from '../kernel/bytes.ts';
import { deriveManufacturerSeed, p256Scalar } from '../model/hierarchy.ts';
import type { Expander } from '../model/hierarchy.ts';

/** SubjectPublicKeyInfo of an uncompressed P-256 point, RFC 5480 section 2, up to the point itself. */
const P256_SPKI_PREFIX = Uint8Array.from(
  Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
);

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

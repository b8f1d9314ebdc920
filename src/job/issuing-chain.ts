import type { Home } from '../home/home.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { deriveIssuerSeed, p256Scalar } from '../model/hierarchy.ts';
import type { Lot } from '../model/lot.ts';

/** Who certifies a lot's issuing CA. */
export type IssuingChoice =
  /** A root of this home. */
  | { readonly type: 'ca'; readonly name: string }
  /** The issuing CA itself: for tests. */
  | { readonly type: 'self-signed' }
  /** Somebody else, whom a request is sent to. */
  | { readonly type: 'csr' };

/** The chain for the lot's profile, DER in base64, the issuing CA's certificate first. */
export async function makeIssuingChain(
  home: Home,
  lot: Lot,
  by: {
    readonly choice: Exclude<IssuingChoice, { type: 'csr' }>;
    readonly lotSecret: Secret;
    readonly credentials: Credentials;
    readonly notBefore: string;
    readonly notAfter: string;
  },
): Promise<string[]> {
  const { certifyIssuingCa, selfSignedIssuingCa } = await import('../derive/x509/issuing-ca.ts');
  const name = { lotId: lot.lotId, code: lot.code };
  const { notBefore, notAfter } = by;
  using key = issuerKeyOf(by.lotSecret);
  if (by.choice.type === 'self-signed') {
    return await selfSignedIssuingCa(key, { name, notBefore, notAfter });
  }
  const { p256PublicKey } = await import('../derive/keys/p256.ts');
  const { loadRoot } = await import('./ca.ts');
  await using root = await loadRoot(home, by.choice.name, by.credentials);
  return await certifyIssuingCa(root, key.use(p256PublicKey), { name, notBefore });
}

/** The request for the lot's issuing CA, PKCS #10 DER. */
export async function makeRequest(lot: Lot, lotSecret: Secret): Promise<Uint8Array> {
  const { makeIssuingCsr } = await import('../derive/x509/issuing-ca.ts');
  using key = issuerKeyOf(lotSecret);
  return await makeIssuingCsr(key, { lotId: lot.lotId, code: lot.code });
}

/** The chain from certificates that came back for the request. Throws `certificate-invalid`. */
export async function acceptChain(
  lotSecret: Secret,
  chain: readonly Uint8Array[],
): Promise<string[]> {
  const { acceptIssuingCertificate } = await import('../derive/x509/issuing-ca.ts');
  const { p256PublicKey } = await import('../derive/keys/p256.ts');
  using key = issuerKeyOf(lotSecret);
  return acceptIssuingCertificate(chain, key.use(p256PublicKey));
}

function issuerKeyOf(lotSecret: Secret): Secret {
  using seed = deriveIssuerSeed(lotSecret);
  return p256Scalar(seed);
}

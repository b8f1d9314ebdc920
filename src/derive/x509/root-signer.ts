import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { KeylineError } from '../../kernel/errors.ts';
import type { SignatureAlgorithm } from './signature-algorithm.ts';

/** Whoever can sign for a root: a key in memory, or a token that keeps its key inside. */
export interface RootSigner {
  readonly algorithm: SignatureAlgorithm;
  /** The signature as it stands in a certificate; ECDSA as Ecdsa-Sig-Value DER. */
  sign(statement: Uint8Array): Promise<Uint8Array>;
}

/** A root and what leads from it upwards. */
export interface Root {
  /** DER: the certificate of the signer's key, then its issuers, if any, up to the last. */
  readonly chain: readonly Uint8Array[];
  readonly signer: RootSigner;
}

/** A signer with a private key in memory. Throws `certificate-invalid` for a kind of key that signs no certificates. */
export function keySigner(key: KeyObject): RootSigner {
  const algorithm = algorithmOf(key);
  const digest = algorithm === 'ed25519' ? null : (algorithm.split('-')[1] ?? null);
  return {
    algorithm,
    sign: (statement) => Promise.resolve(Uint8Array.from(sign(digest, statement, key))),
  };
}

function algorithmOf(key: KeyObject): SignatureAlgorithm {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return 'rsa-sha256';
  if (key.asymmetricKeyType === 'ec') {
    if (namedCurve === 'prime256v1') return 'ecdsa-sha256';
    if (namedCurve === 'secp384r1') return 'ecdsa-sha384';
    if (namedCurve === 'secp521r1') return 'ecdsa-sha512';
  }
  throw new KeylineError('certificate-invalid', {
    message: 'this kind of private key cannot sign certificates here',
    hint: 'Use a key on P-256, P-384 or P-521, an Ed25519 key, or an RSA key of at least 2048 bits.',
  });
}

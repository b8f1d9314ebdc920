import { createHash, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { KeylineError } from '../../kernel/errors.ts';
import type { Credentials } from '../credentials.ts';
import { CKA, CKK, CKM, CKO } from './constants.ts';
import { ecdsaDer } from './ecdsa-der.ts';
import type { Handle } from './native.ts';
import { TokenSession } from './token-session.ts';
import type { TokenChoice, TokenFacts } from './token-session.ts';

/** The curves: the digest of a certificate's signature, the size of a coordinate, and the name's DER (RFC 5480 section 2.1.1.1). */
const CURVES = {
  prime256v1: {
    algorithm: 'ecdsa-sha256',
    digest: 'sha256',
    sizeBytes: 32,
    name: '06082a8648ce3d030107',
  },
  secp384r1: { algorithm: 'ecdsa-sha384', digest: 'sha384', sizeBytes: 48, name: '06052b81040022' },
  secp521r1: { algorithm: 'ecdsa-sha512', digest: 'sha512', sizeBytes: 66, name: '06052b81040023' },
} as const;
type Curve = (typeof CURVES)[keyof typeof CURVES];

/** A private key in a token that signs certificates, until disposed. */
export interface TokenSigner extends Disposable {
  readonly algorithm: Curve['algorithm'];
  readonly token: TokenFacts;
  /** Ecdsa-Sig-Value DER, RFC 3279 section 2.2.3. */
  sign(statement: Uint8Array): Promise<Uint8Array>;
}

/**
 * Opens the private EC key of a token that belongs to this public key (SPKI DER): the one whose
 * signature it verifies, whatever the token calls it. Throws `certificate-invalid` where there is none
 * or the key is no EC key, and what `TokenSession.open` throws.
 */
export async function openTokenSigner(
  choice: TokenChoice,
  spki: Uint8Array,
  credentials: Credentials,
): Promise<TokenSigner> {
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const curve = curveOf(publicKey);
  const session = await TokenSession.open(choice, credentials);
  try {
    const key = findKey(session, publicKey, curve);
    return {
      algorithm: curve.algorithm,
      token: session.token,
      sign: (statement) => Promise.resolve(sign(session, key, { statement, curve })),
      [Symbol.dispose]: () => {
        session[Symbol.dispose]();
      },
    };
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

function curveOf(publicKey: KeyObject): Curve {
  const name = publicKey.asymmetricKeyDetails?.namedCurve ?? '';
  if (name in CURVES) return CURVES[name as keyof typeof CURVES];
  throw new KeylineError('certificate-invalid', {
    message: 'a root in a token needs a key on P-256, P-384 or P-521',
  });
}

function findKey(session: TokenSession, publicKey: KeyObject, curve: Curve): Handle {
  const statement = Buffer.from('keyline: which key is it');
  const candidates = session.find([
    { type: CKA.CLASS, value: CKO.PRIVATE_KEY },
    { type: CKA.KEY_TYPE, value: CKK.EC },
    { type: CKA.EC_PARAMS, value: Buffer.from(curve.name, 'hex') },
    { type: CKA.SIGN, value: true },
  ]);
  for (const key of candidates) {
    const signature = trySign(session, key, { statement, curve });
    if (signature && verify(curve.digest, statement, publicKey, signature)) return key;
  }
  throw new KeylineError('certificate-invalid', {
    message: `the token ${session.token.label} does not hold the private key of the certificate`,
    hint: 'Check which key the certificate was issued for.',
  });
}

/** A key that may not sign so is not the one. */
function trySign(
  session: TokenSession,
  key: Handle,
  request: { readonly statement: Uint8Array; readonly curve: Curve },
): Uint8Array | undefined {
  try {
    return sign(session, key, request);
  } catch (error) {
    if (error instanceof KeylineError) return undefined;
    throw error;
  }
}

function sign(
  session: TokenSession,
  key: Handle,
  { statement, curve }: { readonly statement: Uint8Array; readonly curve: Curve },
): Uint8Array {
  const digest = createHash(curve.digest).update(statement).digest();
  const options = { mechanism: CKM.ECDSA, sizeBytes: 2 * curve.sizeBytes };
  return ecdsaDer(session.sign(key, digest, options));
}

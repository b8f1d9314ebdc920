import { verifyDeviceProof } from '../../custody/device-proof.ts';
import { equalBytes, fromBase64Url } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { mayProve } from '../../model/device-state.ts';
import { commit } from '../../model/hierarchy.ts';
import { idBytes, parseEndpointKey, provisioningKeyOf } from '../../model/ids.ts';
import type { EndpointKey, ProvisioningKey } from '../../model/ids.ts';
import { findByEndpointKey } from '../store/devices.ts';
import type { CredentialedDevice } from '../store/devices.ts';
import type { Reader } from '../store/store.ts';

/** What a device presented, before anyone looks whose it is. */
export interface PresentedCredential {
  readonly endpointKey: EndpointKey;
  /** What the endpoint key commits to: a secret of 32 bytes, or the public key's SPKI. */
  readonly committed: Uint8Array;
  /** The schemes that are proved in this way. */
  readonly schemes: readonly string[];
  /** Of a signed proof: who it is for, and its nonce. */
  readonly signed?: { readonly audience: string; readonly nonce: string };
}

/** Stands for the provisioning key of an unknown identity, so that it costs one commitment as well. */
const NOBODY = provisioningKeyOf(new Uint8Array(16));

/**
 * Reads an Authorization header: `Basic` with `ek_…` and `es_…` (RFC 7617), or `Bearer` with the JWS of a
 * device. Undefined where it is neither, null where it is one of them and proves nothing.
 */
export function readCredential(authorization: string): PresentedCredential | null | undefined {
  const [, basic] = /^Basic +([\w+/=-]{1,512})$/i.exec(authorization) ?? [];
  if (basic !== undefined) return readSecret(basic);
  const [, jws] = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization) ?? [];
  return jws === undefined ? undefined : readProof(jws);
}

/**
 * The device whose endpoint key commits to what was presented, or undefined. The endpoint key is computed
 * again from it and compared in constant time, for an unknown one as well.
 */
export async function findProved(
  db: Reader,
  { endpointKey, committed, schemes }: PresentedCredential,
): Promise<CredentialedDevice | undefined> {
  const candidates = await findByEndpointKey(db, endpointKey);
  const expected = idBytes(endpointKey);
  let found: CredentialedDevice | undefined;
  if (candidates.length === 0) equalBytes(commit(NOBODY, committed), expected);
  for (const candidate of candidates) {
    const isIts = equalBytes(
      commit(candidate.provisioningKey as ProvisioningKey, committed),
      expected,
    );
    if (isIts && schemes.includes(candidate.scheme) && mayProve(candidate.device)) {
      found = candidate;
    }
  }
  return found;
}

function readSecret(basic: string): PresentedCredential | null {
  const text = Buffer.from(basic, 'base64').toString('latin1');
  const [, ek = '', secret = ''] = /^(ek_[^:]+):es_([\w-]{43})$/.exec(text) ?? [];
  const endpointKey = parseEndpointKey(ek);
  const committed = fromBase64Url(secret);
  if (!endpointKey || committed?.length !== 32) return null;
  return { endpointKey, committed, schemes: ['psk', 'azure-dps'] };
}

function readProof(jws: string): PresentedCredential | null {
  try {
    const { endpointKey, spki: committed, audience, nonce } = verifyDeviceProof(jws);
    // 44 bytes are Ed25519's, RFC 8410; 91 are P-256's, RFC 5480.
    const schemes = committed.length === 44 ? ['ed25519'] : ['p256', 'x509-p256'];
    return { endpointKey, committed, schemes, signed: { audience, nonce } };
  } catch (error) {
    if (error instanceof KeylineError && error.code === 'signature-invalid') return null;
    throw error;
  }
}

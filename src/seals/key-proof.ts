import type { KeyObject } from 'node:crypto';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { provisioningKeyOfSeal } from '../model/hierarchy.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { signStatement, verifyStatement } from './jws.ts';

const TYP = 'keyline-key+jws';

/** What whoever holds a provisioning secret says to a registry, so that his account holds the key there. */
export const KeyProof = Type.Object(
  {
    /** URL of the registry that is meant. */
    registry: Type.String({ minLength: 1, maxLength: 512 }),
    /** Handle of the account that is to hold the key. */
    account: Type.String({ minLength: 1, maxLength: 64 }),
    /** The registry's, used once. */
    nonce: Type.String({ minLength: 16, maxLength: 128 }),
    expiresAt: Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` }),
    /** P-256 SPKI DER in base64: the key that signs the first custody statement. */
    manufacturerKey: Type.String({
      pattern: '^MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{86}==$',
    }),
    /** A throw-away or test key. */
    test: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false },
);
export type KeyProof = Static<typeof KeyProof>;

/** The proof as JWS, signed by the seal key, to which the provisioning key commits. */
export function signKeyProof(proof: KeyProof, sealKey: KeyObject): Promise<string> {
  const { registry, account, nonce, expiresAt, manufacturerKey, test } = proof;
  const payload = { registry, account, nonce, expiresAt, manufacturerKey, ...(test && { test }) };
  return signStatement(TYP, payload, sealKey);
}

/** A proof that verified. */
export type OpenedKeyProof = KeyProof & {
  readonly provisioningKey: ProvisioningKey;
  /** SPKI of the seal key that signed. */
  readonly sealKey: Uint8Array;
};

/** The proof that a JWS states, and the provisioning key whose seal key signed it. Throws `signature-invalid`. */
export async function openKeyProof(jws: string): Promise<OpenedKeyProof> {
  const { payload, signerSpki } = await verifyStatement(TYP, KeyProof, jws);
  return {
    ...payload,
    provisioningKey: provisioningKeyOfSeal(signerSpki),
    sealKey: signerSpki,
  };
}

import { X509Certificate, type KeyObject } from 'node:crypto';
import { Check } from 'typebox/value';
import { fromBase64 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { provisioningKeyOfSeal, spkiOf } from '../model/hierarchy.ts';
import { checkLot } from '../model/lot-rules.ts';
import { LotSchema } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { signStatement, verifyStatement } from './jws.ts';

const TYP = 'keyline-lot+jws';

/** Members in the order in which they stand in a sealed descriptor. */
const ORDER = Object.keys(LotSchema.properties) as (keyof Lot)[];

/**
 * The lot's descriptor as JWS, sealed by the seal key of its provisioning key. Throws `invalid-lot`
 * or `invalid-template` for a lot that no reader would take, `key-mismatch` for another key's seal.
 */
export async function sealLot(lot: Lot, sealKey: KeyObject): Promise<string> {
  checkLot(lot);
  if (!Check(LotSchema, lot)) {
    throw new KeylineError('invalid-lot', { message: 'the lot is not as its schema has it' });
  }
  if (provisioningKeyOfSeal(spkiOf(sealKey)) !== lot.provisioningKey) {
    throw new KeylineError('key-mismatch', {
      message: `the seal key is not that of ${lot.provisioningKey}`,
    });
  }
  const payload = Object.fromEntries(
    ORDER.filter((name) => lot[name] !== undefined).map((name) => [name, lot[name]]),
  );
  return signStatement(TYP, payload, sealKey);
}

/**
 * The lot that a descriptor states, once its signature, its shape and its rules hold and the signer
 * is the seal key to which its `kp_` commits. Throws `descriptor-invalid`, with the fact `reason`.
 */
export async function openLotDescriptor(jws: string): Promise<Lot> {
  try {
    const { payload, signerSpki } = await verifyStatement(TYP, LotSchema, jws);
    const lot = payload as Lot;
    if (provisioningKeyOfSeal(signerSpki) !== lot.provisioningKey) {
      throw refused('is sealed by another key than that of its kp_', 'signer');
    }
    checkLot(lot);
    for (const certificate of lot.x509?.chain ?? []) checkCertificate(certificate);
    return lot;
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code === 'descriptor-invalid') throw error;
    if (error.code === 'signature-invalid') {
      throw refused('does not verify', String(error.facts['reason']));
    }
    throw refused(`breaks a rule: ${error.message}`, 'rule');
  }
}

function checkCertificate(base64: string): void {
  const der = fromBase64(base64);
  try {
    if (der && new X509Certificate(der).raw.length === der.length) return;
  } catch {
    // Falls through to the refusal, which names no detail of the parser's.
  }
  throw refused('has a certificate that cannot be read', 'certificate');
}

function refused(what: string, reason: string): KeylineError {
  return new KeylineError('descriptor-invalid', {
    message: `the lot descriptor ${what}`,
    facts: { reason },
  });
}

import { createHash } from 'node:crypto';
import { equalBytes } from '../kernel/bytes.ts';
import type { EndpointKey, ProvisioningKey } from '../model/ids.ts';
import { isSignedBy } from './cose-sign1.ts';
import { refusedCustody } from './custody-error.ts';
import { parseStatement } from './statement.ts';

/** Whose chain it is, and where it begins. */
export interface CustodyDevice {
  readonly provisioningKey: ProvisioningKey;
  readonly endpointKey: EndpointKey;
  /** SHA-256 of the manufacturer key's SPKI, which the device got at the factory. */
  readonly trustAnchor: Uint8Array;
}

/** The present owner, as far as this chain goes; whether it is the only one is for a registry to say. */
export interface CustodyOwner {
  /** P-256, 91 bytes of SPKI. */
  readonly owner: Uint8Array;
  /** 0 for the first owner, and one more for each transfer. */
  readonly step: number;
  /** SHA-256 of the last statement: what the next one has to name. */
  readonly head: Uint8Array;
}

/** A statement's name in the next one, and a trust anchor's in a device. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest());
}

/**
 * Walks a device's chain from its trust anchor by the manufacturer key (91 bytes of SPKI) and every
 * statement to the present owner. Throws `custody-invalid`.
 */
export function walkChain(
  device: CustodyDevice,
  manufacturer: Uint8Array,
  statements: readonly Uint8Array[],
): CustodyOwner {
  if (!equalBytes(sha256(manufacturer), device.trustAnchor)) {
    throw refusedCustody('anchor', 'the manufacturer key is not the one of the trust anchor');
  }
  if (statements.length === 0) throw refusedCustody('malformed', 'the chain has no statement');
  let signer = manufacturer;
  let head: Uint8Array = new Uint8Array();
  statements.forEach((bytes, step) => {
    const statement = parseStatement(bytes);
    if (!isSignedBy(statement.signed, signer)) {
      throw refusedCustody('signature', `step ${step} is not signed by the owner before`);
    }
    if (statement.step !== step) {
      throw refusedCustody('step', `step ${step} says that it is step ${statement.step}`);
    }
    if (statement.provisioningKey !== device.provisioningKey) {
      throw refusedCustody('foreign', `step ${step} is of another provisioning key`);
    }
    if ('endpointKey' in statement) {
      if (statement.endpointKey !== device.endpointKey) {
        throw refusedCustody('foreign', `step ${step} is of another device`);
      }
      if (!equalBytes(statement.previous, head)) {
        throw refusedCustody('step', `step ${step} does not rest on the step before`);
      }
    }
    signer = statement.owner;
    head = sha256(bytes);
  });
  return { owner: signer, step: statements.length - 1, head };
}

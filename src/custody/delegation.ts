import type { ProvisioningKey } from '../model/ids.ts';
import { equalBytes } from '../kernel/bytes.ts';
import { isSignedBy } from './cose-sign1.ts';
import { refusedCustody } from './custody-error.ts';
import { parseStatement } from './statement.ts';

/** What a first statement has to say, and who has to have signed it; keys are P-256, 91 bytes of SPKI. */
export interface Delegation {
  readonly provisioningKey: ProvisioningKey;
  readonly owner: Uint8Array;
  readonly manufacturer: Uint8Array;
}

/**
 * Checks that the bytes are the manufacturer's statement by which all devices of this provisioning key
 * are this owner's at step 0. Throws `custody-invalid`.
 */
export function requireDelegation(bytes: Uint8Array, expected: Delegation): void {
  const statement = parseStatement(bytes);
  if (statement.step !== 0) {
    throw refusedCustody('step', 'it is the statement of a transfer, not the first');
  }
  if (!isSignedBy(statement.signed, expected.manufacturer)) {
    throw refusedCustody('signature', 'it is not signed by the manufacturer key');
  }
  if (statement.provisioningKey !== expected.provisioningKey) {
    throw refusedCustody('foreign', 'it is of another provisioning key');
  }
  if (!equalBytes(statement.owner, expected.owner)) {
    throw refusedCustody('foreign', 'it names another owner key');
  }
}

import { KeylineError } from '../kernel/errors.ts';

/** Why something of the custody chain is refused; each is tried in a test. */
export type CustodyRefusal =
  /** Not of its shape, or not deterministic. */
  | 'malformed'
  /** Made by another key than the one that the chain names. */
  | 'signature'
  /** The manufacturer key is not the one that the trust anchor names. */
  | 'anchor'
  /** Of another provisioning key, or of another device. */
  | 'foreign'
  /** A step that does not follow the one before, or a statement that does not rest on it. */
  | 'step'
  /** Not newer than what the device holds. */
  | 'not-newer'
  /** Another configuration than the registry had named. */
  | 'digest';

/** A custody chain or configuration that a device must not follow; `reason` is among the facts. */
export function refusedCustody(reason: CustodyRefusal, message: string): KeylineError {
  return new KeylineError('custody-invalid', { message, facts: { reason } });
}

import type { Secret } from '../kernel/secret.ts';
import type { Range } from './range.ts';

/**
 * What can be derived of a lot: everything (from its lot secret) or the blocks of a grant.
 * Secrets that are returned belong to the caller, who disposes of them.
 */
export interface LotSecrets extends Disposable {
  /** Index ranges that can be derived, whole blocks, ascending. */
  readonly ranges: readonly Range[];
  /** 32 bytes. Throws `outside-grant` for a block that is not held. */
  blockSecret(block: number): Secret;
  /** x509-p256: the lot's issuing CA key, a 32-byte P-256 scalar; a grant has it only with `--issue`. */
  issuerKey(): Secret | undefined;
  /** x509-p256 under a grant without the CA key: this unit's certificate, DER. */
  certificate(index: number): Uint8Array | undefined;
  /** azure-dps: the enrollment group key, 64 bytes or as long as the imported one; never in a grant. */
  groupKey(): Secret | undefined;
  /** azure-dps under a grant: this unit's 32-byte device key. */
  deviceKey(index: number): Secret | undefined;
}

import type { Enrollment, Provisioning } from './device-state.ts';
import type { EscrowState } from './escrow.ts';

/** Which of an account's devices: those that everything given fits. */
export interface DeviceFilter {
  /** `kl_…` */
  readonly lotId?: string | undefined;
  /** Index in the lot, from and to; only with `lotId`. */
  readonly first?: number | undefined;
  readonly last?: number | undefined;
  readonly serialPrefix?: string | undefined;
  readonly model?: string | undefined;
  readonly provisioning?: Provisioning | undefined;
  readonly enrollment?: Enrollment | undefined;
  readonly escrow?: EscrowState | undefined;
  /** Such as `two-hardware-ids`. */
  readonly mark?: string | undefined;
  readonly firmware?: string | undefined;
}

import type { LotId } from './ids.ts';
import type { LedgerEvidence } from './ledger-event.ts';
import type { UnitState } from './unit-state.ts';

/** What a ledger knows of one unit that is not free. */
export interface UnitRecord {
  readonly lotId: LotId;
  readonly index: number;
  readonly state: UnitState;
  readonly hardwareId: string;
  /** How often it failed; its next event has attempt `failures + 1`. */
  readonly failures: number;
  /** ISO 8601 UTC in milliseconds: of the first event, and of the last one. */
  readonly firstAt: string;
  readonly changedAt: string;
  /** Of the verification that counts; absent while nothing does. */
  readonly verifiedAt?: string;
  readonly evidence?: LedgerEvidence;
  readonly captures?: Readonly<Record<string, string>>;
  /** Of the last event. */
  readonly station: string;
  readonly slot?: string;
  readonly operator?: string;
  readonly order?: string;
  /** Of the last failure. */
  readonly code?: string;
  readonly reason?: string;
  /** The index whose credential this one replaces, and the one by which this one is replaced. */
  readonly replaces?: number;
  readonly replacedBy?: number;
  /** Sequence number of the last event. */
  readonly seq: number;
}

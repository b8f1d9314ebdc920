import type { PartCounts } from './ledger-counts.ts';
import type { AccountPart, LotAccount } from './lot-account.ts';

/** One part of a lot over all ledgers. `admitted` leaves out what was given back; `notAdmitted` is in no ledger. */
export interface PartReconciliation extends PartCounts {
  readonly total: number;
  readonly notAdmitted: number;
  /** Total − everything that is accounted for; other than 0 says that a ledger is wrong or is counted twice. */
  readonly difference: number;
}

/** Where every unit of a lot is. */
export interface Reconciliation {
  readonly planned: PartReconciliation;
  readonly spare: PartReconciliation;
  /** Spare units that a device has or had. */
  readonly spareUsed: number;
  readonly addsUp: boolean;
}

/** A lot's account as a report shows it: what is in no ledger as one. */
export function reconcile(account: LotAccount): Reconciliation {
  const planned = reconcilePart(account.planned);
  const spare = reconcilePart(account.spare);
  const addsUp = planned.difference === 0 && spare.difference === 0;
  return { planned, spare, spareUsed: held(spare), addsUp };
}

function reconcilePart(part: AccountPart): PartReconciliation {
  const { total, free, surrendered, elsewhere, states, difference } = part;
  const notAdmitted = part.granted + part.lost + part.handedOut + part.neverLeft;
  const admitted = total - notAdmitted - surrendered;
  return { total, admitted, notAdmitted, free, surrendered, elsewhere, states, difference };
}

function held({ states }: PartCounts): number {
  return Object.values(states).reduce((sum, units) => sum + units, 0);
}

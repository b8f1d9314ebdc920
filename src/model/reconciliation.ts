import { UNIT_STATES } from './unit-state.ts';
import type { UnitState } from './unit-state.ts';

/** Units of one part of a lot in one ledger. */
export interface PartCounts {
  /** Indexes that the ledger may give here, or that come back from elsewhere. */
  readonly admitted: number;
  /** Of them: never given, by their own count and not as a difference. */
  readonly free: number;
  /** Never given, and given back for good. */
  readonly surrendered: number;
  /** Written elsewhere; nothing has come back yet. */
  readonly elsewhere: number;
  /** All that have a device or had one. */
  readonly states: Readonly<Record<Exclude<UnitState, 'free'>, number>>;
}

/** A lot in one ledger: its planned units, and the spare ones for rework. */
export interface LedgerCounts {
  readonly planned: PartCounts;
  readonly spare: PartCounts;
}

/** One part of a lot over all ledgers. `notAdmitted` are indexes that no ledger has. */
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

/** The states that a unit with a device can be in. */
export const HELD_STATES = UNIT_STATES.filter((state) => state !== 'free');

/** Accounts for every planned and spare unit of a lot, from the counts of all its ledgers. */
export function reconcile(
  lot: { readonly size: number; readonly spare: number },
  ledgers: readonly LedgerCounts[],
): Reconciliation {
  const planned = reconcilePart(
    lot.size,
    ledgers.map((counts) => counts.planned),
  );
  const spare = reconcilePart(
    lot.spare,
    ledgers.map((counts) => counts.spare),
  );
  const spareUsed = sum(HELD_STATES.map((state) => spare.states[state]));
  const addsUp = [planned, spare].every((part) => part.difference === 0 && part.notAdmitted >= 0);
  return { planned, spare, spareUsed, addsUp };
}

/** Counts of no unit. */
export function noCounts(): PartCounts {
  const states = Object.fromEntries(HELD_STATES.map((state) => [state, 0]));
  return {
    admitted: 0,
    free: 0,
    surrendered: 0,
    elsewhere: 0,
    states: states as PartCounts['states'],
  };
}

function reconcilePart(total: number, parts: readonly PartCounts[]): PartReconciliation {
  const all = parts.reduce(add, noCounts());
  const notAdmitted = total - all.admitted;
  const held = sum(HELD_STATES.map((state) => all.states[state]));
  const accounted = notAdmitted + all.free + all.surrendered + all.elsewhere + held;
  return { ...all, total, notAdmitted, difference: total - accounted };
}

function add(a: PartCounts, b: PartCounts): PartCounts {
  const states = HELD_STATES.map((state) => [state, a.states[state] + b.states[state]] as const);
  return {
    admitted: a.admitted + b.admitted,
    free: a.free + b.free,
    surrendered: a.surrendered + b.surrendered,
    elsewhere: a.elsewhere + b.elsewhere,
    states: Object.fromEntries(states) as PartCounts['states'],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

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

/** The states that a unit with a device can be in. */
export const HELD_STATES = UNIT_STATES.filter((state) => state !== 'free');

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

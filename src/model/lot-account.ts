import { HELD_STATES } from './ledger-counts.ts';
import type { LedgerCounts, PartCounts } from './ledger-counts.ts';
import { mergeRanges } from './merge-ranges.ts';
import { intersection } from './range.ts';
import type { Range } from './range.ts';
import { subtractRanges } from './subtract-ranges.ts';

/** What one ledger says of a lot. */
export interface LedgerShare {
  readonly counts: LedgerCounts;
  /** Units that it may give or gave, or that come back to it; no two ledgers have one in common. */
  readonly claimed: readonly Range[];
  /** Units that it gave back unused, for good; another ledger may have them now. */
  readonly surrendered: readonly Range[];
}

/** What the owner's allocation book says last of units, and no ledger that is read accounts for. */
export interface BookShare {
  readonly granted: readonly Range[];
  /** Given to ledgers that are not among those that are read. */
  readonly lost: readonly Range[];
  readonly handedOut: readonly Range[];
}

/** Where every unit of one part of a lot is; the parts add up to `total`. */
export interface AccountPart {
  readonly total: number;
  readonly states: PartCounts['states'];
  /** In a ledger, never used, and still there to be given. */
  readonly free: number;
  /** Written elsewhere, and nothing came back. */
  readonly elsewhere: number;
  readonly surrendered: number;
  readonly granted: number;
  readonly lost: number;
  readonly handedOut: number;
  readonly neverLeft: number;
  /** Total − everything that is counted; other than 0 says that a ledger is wrong or two have a unit. */
  readonly difference: number;
}

/** A lot's planned units and its spare ones. */
export interface LotAccount {
  readonly planned: AccountPart;
  readonly spare: AccountPart;
  /** The units behind `granted`, `lost` and `neverLeft`. */
  readonly units: Readonly<Record<'granted' | 'lost' | 'neverLeft', readonly Range[]>>;
}

/**
 * Accounts for every unit of a lot, each once: by the ledger that has it, else by the allocation book, else as
 * given back, else as one that never left. Counted by the units themselves, so that a unit that one
 * station gave back and another got does not count twice, and counts as the other's.
 */
export function accountFor(
  lot: { readonly size: number; readonly spare: number },
  ledgers: readonly LedgerShare[],
  book: BookShare,
): LotAccount {
  const whole = { from: 0, count: lot.size + lot.spare };
  const claimed = mergeRanges(ledgers.flatMap((ledger) => ledger.claimed));
  let rest = subtractRanges(whole, claimed);
  const take = (ranges: readonly Range[]): Range[] => {
    const met = within(ranges, rest);
    rest = rest.flatMap((range) => subtractRanges(range, met));
    return met;
  };
  const granted = take(book.granted);
  const lost = take(book.lost);
  const handedOut = take(book.handedOut);
  const surrendered = take(ledgers.flatMap((ledger) => ledger.surrendered));
  const ranges = { surrendered, granted, lost, handedOut, neverLeft: rest };
  const part = (name: 'planned' | 'spare', of: Range): AccountPart => {
    const parts = ledgers.map(({ counts }) => counts[name]);
    const states = HELD_STATES.map(
      (state) => [state, sum(parts, (one) => one.states[state])] as const,
    );
    const counted = Object.entries(ranges).map(([kind, all]) => [kind, countWithin(all, of)]);
    const inLedgers = {
      free: sum(parts, ({ free }) => free),
      elsewhere: sum(parts, ({ elsewhere }) => elsewhere),
    };
    const byRange = Object.fromEntries(counted) as Record<keyof typeof ranges, number>;
    const all = [...Object.values(inLedgers), ...Object.values(byRange)];
    const held = states.map(([, units]) => units);
    return {
      total: of.count,
      states: Object.fromEntries(states) as PartCounts['states'],
      ...inLedgers,
      ...byRange,
      difference: of.count - sum([...all, ...held], (units) => units),
    };
  };
  return {
    planned: part('planned', { from: 0, count: lot.size }),
    spare: part('spare', { from: lot.size, count: lot.spare }),
    units: { granted, lost, neverLeft: rest },
  };
}

/** The units that are in both, ascending and apart. */
function within(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const merged = mergeRanges(ranges);
  return others.flatMap((other) => merged.flatMap((range) => intersection(range, other) ?? []));
}

function countWithin(ranges: readonly Range[], of: Range): number {
  if (of.count === 0) return 0;
  return sum(ranges, (range) => intersection(range, of)?.count ?? 0);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

import type { Allocation } from '../home/allocation.ts';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import { findStation } from '../home/station-store.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { listKeyCards } from '../keystore/key-card.ts';
import type { Lot } from '../model/lot.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { formatRange } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';
import { openUnitReturn } from '../seals/unit-return.ts';
import type { VerifiedReturn } from '../seals/unit-return.ts';
import { bookOf } from './open-lot.ts';
import { requireOpenLot } from './require-open-lot.ts';

/** What a statement gives back that had not come back before. */
export interface Reclaimed {
  readonly lotId: string;
  readonly lot: string;
  readonly station: string;
  readonly stationKey: string;
  /** Ascending and apart. */
  readonly ranges: readonly Range[];
  readonly count: number;
  readonly dryRun: boolean;
}

/**
 * Takes back what a station of this owner's lot never used, so that it may leave the lot again. Throws
 * what `openUnitReturn` throws, `return-foreign` for a lot or a grant that this home does not know,
 * `outside-grant`, `return-replayed` where all of it came back before, `not-found` where the lot's key is
 * not here, `lot-closed`.
 */
export async function reclaimUnits(
  home: Home,
  text: string,
  options: { readonly dryRun: boolean; readonly clock?: Clock },
): Promise<Reclaimed> {
  const verified = await openUnitReturn(text.trim());
  const { statement } = verified;
  const { stationKey, station } = statement;
  const lot = await ownLot(home, verified);
  const book = bookOf(home, lot, options.clock);
  const entries = await book.entries();
  const ownStation = await findStation(home);
  const isOwn = ownStation?.card.stationKey === stationKey;
  const all = verified.returns.map(({ grant, ranges }) => {
    const reference = grant?.statement.grantId ?? `ledger ${verified.head.epoch}`;
    const left = leftUnder(entries, reference, grant ? 'grant' : 'station');
    if (left.length === 0 || (!grant && !isOwn))
      throw foreign(lot, `nothing left under ${reference}`);
    const outside = ranges.flatMap((range) => subtractRanges(range, left));
    if (outside.length > 0) throw outsideGrant(reference, outside);
    const before = entries.filter(
      (entry) => entry.purpose === 'returned' && entry.reference === reference,
    );
    return { reference, ranges: ranges.flatMap((range) => subtractRanges(range, before)) };
  });
  const ranges = mergeRanges(all.flatMap((one) => one.ranges));
  if (ranges.length === 0 && verified.returns.length > 0) {
    throw new KeylineError('return-replayed', {
      message: `all that the statement of ${statement.createdAt} gives back came back before`,
      facts: { lotId: lot.lotId, station, createdAt: statement.createdAt },
    });
  }
  if (!options.dryRun && ranges.length > 0) {
    const why = `stated by the station at ${statement.createdAt}`;
    await book.giveBack(
      all.flatMap(({ reference, ranges: back }) =>
        back.map((range) => ({ range, who: station, why, reference })),
      ),
    );
  }
  return {
    ...{ lotId: lot.lotId, lot: lot.code, station, stationKey, ranges },
    count: ranges.reduce((sum, { count }) => sum + count, 0),
    dryRun: options.dryRun,
  };
}

async function ownLot(home: Home, { lot, descriptor }: VerifiedReturn): Promise<Lot> {
  const stored = await new LotStore(home).get(lot.lotId);
  if (stored?.descriptor !== descriptor) throw foreign(lot, 'it is about a lot that is not here');
  const cards = await listKeyCards(home);
  if (!cards.some((card) => card.provisioningKey === lot.provisioningKey)) {
    throw new KeylineError('not-found', {
      message: `only the owner of lot ${lot.code} can take units back, and its key is not here`,
      facts: { provisioningKey: lot.provisioningKey },
    });
  }
  requireOpenLot(stored);
  return stored.lot;
}

/** What left under this reference, whether it came back or not. */
function leftUnder(
  entries: readonly Allocation[],
  reference: string,
  purpose: Allocation['purpose'],
): Range[] {
  return entries.filter((entry) => entry.purpose === purpose && entry.reference === reference);
}

function foreign(lot: Lot, what: string): KeylineError {
  return new KeylineError('return-foreign', {
    message: `the statement is not of this allocation book: ${what}`,
    facts: { lotId: lot.lotId },
  });
}

function outsideGrant(reference: string, outside: readonly Range[]): KeylineError {
  const units = outside.map(formatRange);
  return new KeylineError('outside-grant', {
    message: `units ${units.join(', ')} did not leave under ${reference}`,
    facts: { reference, units },
  });
}

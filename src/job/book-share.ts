import type { Allocation } from '../home/allocation.ts';
import { isReturn, outstanding } from '../home/outstanding.ts';
import type { LotId } from '../model/ids.ts';
import type { BookShare } from '../model/lot-account.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';
import { ledgerReference } from './book-holdings.ts';
import type { GatheredLedger } from './gather-ledgers.ts';

/**
 * What a lot's allocation book says that these ledgers do not account for, each unit by the last entry that has
 * it. A grant is accounted for by the ledger of its station, and one of units that had come back before only by a
 * ledger that took them up under that very grant: what an earlier one gave back says nothing of them.
 */
export function bookShare(
  entries: readonly Allocation[],
  by: { readonly lotId: LotId; readonly ledgers: readonly GatheredLedger[] },
): BookShare {
  const known = by.ledgers.map(({ reader }) => ledgerReference(reader));
  const share: Record<keyof BookShare, Range[]> = { granted: [], lost: [], handedOut: [] };
  for (const { entry, ranges } of lastEntries(outstanding(entries))) {
    switch (entry.purpose) {
      case 'grant': {
        const before = entries.slice(
          0,
          entries.findIndex((one) => isSameGrant(one, entry)),
        );
        const back = before.filter(({ purpose }) => purpose === 'returned');
        const accounted = by.ledgers.flatMap((ledger) =>
          accountedBy(ledger, by.lotId, entry, back),
        );
        share.granted.push(...ranges.flatMap((range) => subtractRanges(range, accounted)));
        break;
      }
      case 'station':
        if (!known.includes(entry.reference ?? '') && !isReturn(entry)) share.lost.push(...ranges);
        break;
      default:
        share.handedOut.push(...ranges);
    }
  }
  return share;
}

/** Every entry with the units of which it is the last one. */
function lastEntries(
  left: readonly Allocation[],
): { readonly entry: Allocation; readonly ranges: readonly Range[] }[] {
  let later: Range[] = [];
  return left.toReversed().map((entry) => {
    const ranges = subtractRanges(entry, later);
    later = mergeRanges([...later, entry]);
    return { entry, ranges };
  });
}

/** Units of the grant that this ledger took up, and has given back where they are not its any more. */
function accountedBy(
  { reader }: GatheredLedger,
  lotId: LotId,
  grant: Allocation,
  back: readonly Range[],
): Range[] {
  const isItsStation = reader.identity.station === grant.who;
  const surrendered = [...reader.surrendered(lotId)];
  const admitted = reader
    .admissions(lotId)
    .filter(({ reference }) => reference === grant.reference)
    .flatMap(({ ranges }) => ranges);
  const taken = [...admitted, ...(isItsStation ? subtractRanges(grant, back) : [])];
  return surrendered.flatMap((one) => taken.flatMap((range) => intersection(one, range) ?? []));
}

function isSameGrant(one: Allocation, grant: Allocation): boolean {
  return one.purpose === 'grant' && one.reference === grant.reference;
}

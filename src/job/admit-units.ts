import type { Allocation } from '../home/allocation.ts';
import type { AllocationBook } from '../home/allocation-book.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { lotEnd } from '../model/lot.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { contains, formatRange, intersection, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { OpenLot } from './open-lot.ts';

/** What a run asks for. */
export interface AdmissionRequest {
  /** Such as `line-1`. */
  readonly station: string;
  readonly book: AllocationBook;
  /** Only these; what the station has, or else all that has not left the lot. */
  readonly range?: Range | undefined;
}

/**
 * Makes the units known to the ledger that this station may give: those of its grants, or for the
 * owner those of the lot, that this home's allocation book gives to this very ledger, entered there
 * first. Returns what a run may reserve from. Throws `already-allocated`, `lot-closed`, `outside-grant`.
 */
export async function admitUnits(
  ledger: Ledger,
  open: OpenLot,
  request: AdmissionRequest,
): Promise<readonly Range[]> {
  const had =
    open.by === 'grant'
      ? await admitGrants(ledger, open, request)
      : await admitOwn(ledger, open, request);
  const { range } = request;
  if (range === undefined) return had;
  const within = had.filter((one) => intersection(one, range) !== undefined);
  if (within.some((one) => contains(one, range))) return [range];
  throw new KeylineError('outside-grant', {
    message: `units ${formatRange(range)} of lot ${open.lot.code} are not all this station’s`,
    facts: { range: formatRange(range), granted: had.map(formatRange) },
  });
}

/** A grant's units are this ledger's once the home's own book says so: a ledger that was lost burns them. */
async function admitGrants(
  ledger: Ledger,
  { lot, grants }: OpenLot,
  { book, station }: AdmissionRequest,
): Promise<Range[]> {
  const { lotId, size, spare } = lot;
  const reference = ledgerReference(ledger);
  const had: Range[] = [];
  for (const { statement } of grants) {
    const { own, others } = taken(await book.entries(), reference, statement.grantId);
    const fresh = statement.ranges.flatMap((range) =>
      without(range, mergeRanges([...own, ...others])),
    );
    for (const range of fresh) {
      // Where owner and station share a home, the book has the grant itself.
      const again = `under grant ${statement.grantId}`;
      await book.allocate({ range, purpose: 'station', who: station, reference, again });
    }
    const granted = own.flatMap((one) =>
      statement.ranges.flatMap((range) => intersection(one, range) ?? []),
    );
    const ranges = mergeRanges([...granted, ...fresh]);
    if (ranges.length > 0) {
      await ledger.admit({ lotId, size, spare, ranges, reference: statement.grantId });
    }
    had.push(...ranges);
  }
  if (had.length === 0) throw nothingLeft(lot);
  return mergeRanges(had);
}

async function admitOwn(
  ledger: Ledger,
  { lot }: OpenLot,
  { book, station, range }: AdmissionRequest,
): Promise<Range[]> {
  const reference = ledgerReference(ledger);
  const { own, others } = taken(await book.entries(), reference);
  const fresh = wanted(lot, { range, own, others });
  for (const one of fresh) {
    await book.allocate({ range: one, purpose: 'station', who: station, reference });
  }
  const ranges = mergeRanges([...own, ...fresh]);
  const { lotId, size, spare } = lot;
  if (ranges.length > 0) await ledger.admit({ lotId, size, spare, ranges, reference });
  return ranges;
}

/** A ledger that was lost had another epoch: what it was given is not the next one's. */
function ledgerReference(ledger: Ledger): string {
  return `ledger ${ledger.identity.epoch}`;
}

/** What the book gives to this ledger, and to others; the entry of `grantId` itself is neither. */
function taken(
  entries: readonly Allocation[],
  reference: string,
  grantId?: string,
): { readonly own: Range[]; readonly others: Range[] } {
  const isOurs = (entry: Allocation): boolean =>
    entry.purpose === 'station' && entry.reference === reference;
  const isGrant = (entry: Allocation): boolean =>
    entry.purpose === 'grant' && entry.reference === grantId;
  const others = entries.filter((entry) => !isOurs(entry) && !isGrant(entry));
  return { own: mergeRanges(entries.filter(isOurs)), others: mergeRanges(others) };
}

/** What is to be entered in the book: a named range as it is, so that the book refuses what is taken. */
function wanted(
  lot: OpenLot['lot'],
  known: { readonly range?: Range | undefined; readonly own: Range[]; readonly others: Range[] },
): Range[] {
  const { range, own, others } = known;
  if (range !== undefined) return without(range, own);
  if (own.length > 0) return [];
  const whole = { from: 0, count: lotEnd(lot) };
  const free = without(whole, others);
  if (free.length > 0) return free;
  throw nothingLeft(lot);
}

function nothingLeft(lot: OpenLot['lot']): KeylineError {
  return new KeylineError('already-allocated', {
    message: `every unit of lot ${lot.code} that this station could give has left it already`,
    facts: { lotId: lot.lotId },
  });
}

/** The parts of a range that none of `taken` has; `taken` is ascending and apart. */
function without(range: Range, taken: readonly Range[]): Range[] {
  const parts: Range[] = [];
  let from = range.from;
  for (const one of taken) {
    const met = intersection(one, { from, count: rangeEnd(range) - from });
    if (!met) continue;
    if (met.from > from) parts.push({ from, count: met.from - from });
    from = rangeEnd(met);
    if (from >= rangeEnd(range)) return parts;
  }
  return [...parts, { from, count: rangeEnd(range) - from }];
}

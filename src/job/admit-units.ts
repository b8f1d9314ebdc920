import type { AllocationBook } from '../home/allocation-book.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { lotEnd } from '../model/lot.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { contains, formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';
import { holdingsOf, ledgerReference, requireNotGivenUp } from './book-holdings.ts';
import type { Holdings } from './book-holdings.ts';
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
 * first. Returns what a run may reserve from. Throws `already-allocated`, `lot-closed`, `outside-grant`,
 * `ledger-rolled-back` for a ledger that was given up.
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

/**
 * Makes the units of one grant known to the ledger: they are its own once the home's book says so, and a
 * ledger that was lost burns them. Returns those that are. Throws `ledger-rolled-back`, `lot-closed`.
 */
export async function admitGrant(
  ledger: Ledger,
  { lotId, size, spare }: Pick<OpenLot['lot'], 'lotId' | 'size' | 'spare'>,
  by: Omit<AdmissionRequest, 'range'> & { readonly grant: OpenLot['grants'][number] },
): Promise<readonly Range[]> {
  const { book, station } = by;
  const { grantId, ranges: granted } = by.grant.statement;
  const reference = ledgerReference(ledger);
  const holdings = holdingsOf(await book.entries(), reference, [grantId]);
  requireNotGivenUp(holdings, ledger);
  const { own, others } = holdings;
  const fresh = granted.flatMap((range) => subtractRanges(range, [...own, ...others]));
  for (const range of fresh) {
    // Where owner and station share a home, the book has the grant itself.
    const again = `under grant ${grantId}`;
    await book.allocate({ range, purpose: 'station', who: station, reference, again });
  }
  const had = own.flatMap((one) => granted.flatMap((range) => intersection(one, range) ?? []));
  const ranges = mergeRanges([...had, ...fresh]);
  if (ranges.length > 0) await ledger.admit({ lotId, size, spare, ranges, reference: grantId });
  return ranges;
}

async function admitGrants(
  ledger: Ledger,
  { lot, grants }: OpenLot,
  { book, station }: AdmissionRequest,
): Promise<Range[]> {
  const had: Range[] = [];
  for (const grant of grants) {
    had.push(...(await admitGrant(ledger, lot, { grant, book, station })));
  }
  if (had.length > 0) return mergeRanges(had);
  throw nothingLeft(lot, holdingsOf(await book.entries(), ledgerReference(ledger)));
}

async function admitOwn(
  ledger: Ledger,
  { lot }: OpenLot,
  { book, station, range }: AdmissionRequest,
): Promise<Range[]> {
  const reference = ledgerReference(ledger);
  const holdings = holdingsOf(await book.entries(), reference);
  requireNotGivenUp(holdings, ledger);
  const { own } = holdings;
  const fresh = wanted(lot, range, holdings);
  for (const one of fresh) {
    await book.allocate({ range: one, purpose: 'station', who: station, reference });
  }
  const ranges = mergeRanges([...own, ...fresh]);
  const { lotId, size, spare } = lot;
  if (ranges.length > 0) await ledger.admit({ lotId, size, spare, ranges, reference });
  return ranges;
}

/** What is to be entered in the book: a named range as it is, so that the book refuses what is taken. */
function wanted(lot: OpenLot['lot'], range: Range | undefined, holdings: Holdings): Range[] {
  const { own, others } = holdings;
  if (range !== undefined) return subtractRanges(range, own);
  if (own.length > 0) return [];
  const whole = { from: 0, count: lotEnd(lot) };
  const free = subtractRanges(whole, others);
  if (free.length > 0) return free;
  throw nothingLeft(lot, holdings);
}

function nothingLeft(lot: OpenLot['lot'], { burnt }: Holdings): KeylineError {
  return new KeylineError('already-allocated', {
    message: `every unit of lot ${lot.code} that this station could give has left it already`,
    ...(burnt.length > 0 && {
      hint: 'A ledger that was lost had them. `keyline grant recover` frees those that were never written.',
    }),
    facts: { lotId: lot.lotId, burnt: burnt.map(formatRange) },
  });
}

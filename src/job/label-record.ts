import type { AllocationBook } from '../home/allocation-book.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Lot } from '../model/lot.ts';
import { intersection, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';

/** Where prints are put on record. */
export interface LabelBooks {
  readonly lot: Lot;
  readonly book: AllocationBook;
  /** The station's ledger, where it has units of the lot. */
  readonly ledger?: Ledger | undefined;
  /** Who prints. */
  readonly who: string;
}

/** What is printed, and why once more. */
export interface PrintRequest {
  readonly range: Range;
  readonly withClaim: boolean;
  /** Where to: a printer's address or a file's name. */
  readonly reference: string;
  readonly reprint?: string | undefined;
}

/**
 * Begins a print: each label is a `printed` event of the station's ledger, on disk before it leaves;
 * where no ledger has the lot, the range is one entry of the allocation book with purpose `label`.
 * Returns what is called before each label. Throws `already-printed` unless there is a reason.
 */
export async function beginPrint(
  books: LabelBooks,
  request: PrintRequest,
): Promise<(index: number) => Promise<void>> {
  const { lot, book, ledger, who } = books;
  const { range, reprint, reference, withClaim } = request;
  const inBook = (await book.entries()).filter(({ purpose }) => purpose === 'label');
  const printed = firstPrinted(books, inBook, range);
  if (printed !== undefined && reprint === undefined) throw alreadyPrinted(lot, printed);
  if (!ledger) {
    const why = withClaim ? 'labels with claim codes' : 'labels';
    const purpose = 'label' as const;
    await book.allocate({ range, purpose, who, why, again: reprint, reference });
    return () => Promise.resolve();
  }
  const { lotId } = lot;
  return async (index) => {
    const hardwareId = ledger.unit(lotId, index)?.hardwareId;
    const one = { from: index, count: 1 };
    const isAgain = reprint !== undefined && firstPrinted(books, inBook, one) !== undefined;
    await ledger.record({
      ...{ type: 'printed', lotId, index },
      ...(hardwareId !== undefined && { hardwareId }),
      ...(isAgain && { reason: reprint }),
    });
  };
}

/** The lowest unit of the range with a label, or undefined. */
function firstPrinted(
  { ledger, lot }: LabelBooks,
  inBook: readonly Range[],
  range: Range,
): number | undefined {
  const booked = inBook
    .map((entry) => intersection(entry, range)?.from ?? Infinity)
    .reduce((a, b) => Math.min(a, b), Infinity);
  const end = Math.min(booked, rangeEnd(range));
  for (let index = range.from; ledger && index < end; index++) {
    if (ledger.labels(lot.lotId, index) > 0) return index;
  }
  return booked === Infinity ? undefined : booked;
}

function alreadyPrinted(lot: Lot, index: number): KeylineError {
  return new KeylineError('already-printed', {
    message: `unit ${index} of lot ${lot.code} has a label already`,
    facts: { lotId: lot.lotId, index },
  });
}

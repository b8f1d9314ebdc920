import { subtractRanges } from '../model/subtract-ranges.ts';
import { takesCredential } from './allocation.ts';
import type { Allocation } from './allocation.ts';

const RETURN = 'return of ';

/** How a station's own book names units that it gave back: with what it had them under. */
export function returnReference(reference: string): string {
  return `${RETURN}${reference}`;
}

/** Whether a station noted by it what it gave back. */
export function isReturn({ reference = '' }: Pick<Allocation, 'reference'>): boolean {
  return reference.startsWith(RETURN);
}

/**
 * The credentials that a book says have left and not come back: its entries in their order, labels and
 * those that only give units back left out, and their units cut out of the entries before that have the same reference.
 */
export function outstanding(entries: readonly Allocation[]): Allocation[] {
  let left: Allocation[] = [];
  for (const entry of entries) {
    if (entry.purpose !== 'returned') {
      if (takesCredential(entry)) left.push(entry);
      continue;
    }
    const { reference = '' } = entry;
    const names = [reference, returnReference(reference)];
    left = left.flatMap((one) =>
      names.includes(one.reference ?? '')
        ? subtractRanges(one, [entry]).map((part) => ({ ...one, ...part }))
        : [one],
    );
  }
  return left;
}

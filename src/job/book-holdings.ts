import type { Allocation } from '../home/allocation.ts';
import { outstanding } from '../home/outstanding.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { mergeRanges } from '../model/merge-ranges.ts';
import { formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { subtractRanges } from '../model/subtract-ranges.ts';

/** Whose a lot's units are, as this home's allocation book tells it; each set ascending and apart. */
export interface Holdings {
  /** Given to the ledger that is asked about, and to none after it. */
  readonly own: readonly Range[];
  /** Of them once: given to another ledger since, because this one was taken for lost. */
  readonly takenOver: readonly Range[];
  /** Given to an earlier ledger and since then to nobody: burnt with it. */
  readonly burnt: readonly Range[];
  /** All that left by any other entry; the entry of the grant itself is none. */
  readonly others: readonly Range[];
}

const LEDGER = /^ledger [0-9a-f]{32}$/;

/** How a book names a ledger. One that was lost had another epoch: what it was given is not the next one's. */
export function ledgerReference({ identity }: Pick<LedgerReader, 'identity'>): string {
  return `ledger ${identity.epoch}`;
}

/** The holdings of the ledger with this reference; of none yet where it is undefined. */
export function holdingsOf(
  entries: readonly Allocation[],
  reference: string | undefined,
  grantIds: readonly string[] = [],
): Holdings {
  let own: Range[] = [];
  let takenOver: Range[] = [];
  let burnt: Range[] = [];
  let others: Range[] = [];
  const isGrant = (entry: Allocation): boolean =>
    entry.purpose === 'grant' && grantIds.includes(entry.reference ?? '');
  for (const entry of outstanding(entries)) {
    if (isGrant(entry)) continue;
    const isStation = entry.purpose === 'station';
    if (isStation && entry.reference === reference) {
      own = mergeRanges([...own, entry]);
      burnt = without(burnt, entry);
      continue;
    }
    others = mergeRanges([...others, entry]);
    const isLedger = isStation && LEDGER.test(entry.reference ?? '');
    if (isLedger) takenOver = mergeRanges([...takenOver, ...common(own, entry)]);
    if (isStation) own = without(own, entry);
    burnt = isLedger ? mergeRanges([...burnt, entry]) : without(burnt, entry);
  }
  return { own, takenOver, burnt, others };
}

/** Throws `ledger-rolled-back` for a ledger that was taken for lost: units of it are another one's now. */
export function requireNotGivenUp(
  { takenOver }: Holdings,
  ledger: Pick<LedgerReader, 'path'>,
): void {
  const [range] = takenOver;
  if (!range) return;
  throw new KeylineError('ledger-rolled-back', {
    message: `the ledger ${ledger.path} was given up: its units ${formatRange(range)} were given to another one by grant recover`,
    hint: 'Use the ledger that was made after it. Keep this one for an inquiry.',
    facts: { path: ledger.path, units: takenOver.map(formatRange) },
  });
}

function without(ranges: readonly Range[], taken: Range): Range[] {
  return ranges.flatMap((range) => subtractRanges(range, [taken]));
}

function common(ranges: readonly Range[], range: Range): Range[] {
  return ranges.flatMap((one) => intersection(one, range) ?? []);
}

import type { Allocation } from '../home/allocation.ts';
import { accountFor } from '../model/lot-account.ts';
import type { LotAccount } from '../model/lot-account.ts';
import type { Lot } from '../model/lot.ts';
import { formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { UnitState } from '../model/unit-state.ts';
import { bookShare } from './book-share.ts';
import type { GatheredLedger } from './gather-ledgers.ts';

/** Units that keep a lot from being closed, and how they are resolved. */
export interface Unresolved {
  /** A state of units with devices, or what else is open about the units. */
  readonly what: UnitState | 'granted' | 'lost' | 'elsewhere' | 'never left';
  readonly count: number;
  /** The first of them, such as `7, 9-12`. */
  readonly units: string;
  /** The station whose ledger has them. */
  readonly station?: string | undefined;
  /** A command line, or what else is to be done. */
  readonly resolve: string;
}

/** What a person gives as reasons. */
export interface CloseReasons {
  readonly unused?: string | undefined;
  readonly lost?: string | undefined;
}

const OPEN_STATES = ['reserved', 'writing', 'written', 'verified', 'failed'] as const;
const SHOWN = 8;

/** A lot's account by these ledgers and this home's allocation book. */
export function accountOf(
  lot: Lot,
  ledgers: readonly GatheredLedger[],
  entries: readonly Allocation[],
): LotAccount {
  const { lotId } = lot;
  const shares = ledgers.map(({ reader }) => ({
    counts: reader.counts(lotId),
    claimed: [...reader.claimed(lotId, 'here'), ...reader.claimed(lotId, 'elsewhere')],
    surrendered: [...reader.surrendered(lotId)],
  }));
  return accountFor(lot, shares, bookShare(entries, { lotId, ledgers }));
}

/** Everything that keeps the lot from being closed, ledger by ledger and then by the book. */
export async function unresolvedOf(
  lot: Lot,
  ledgers: readonly GatheredLedger[],
  by: {
    readonly account: LotAccount;
    readonly reasons: CloseReasons;
    /** Whether units that never left must have a reason: a station was given others of the lot. */
    readonly metStation: boolean;
  },
): Promise<Unresolved[]> {
  const { account, reasons, metStation } = by;
  const found: Unresolved[] = [];
  for (const ledger of ledgers) found.push(...(await openInLedger(lot, ledger, reasons)));
  const { granted, lost, neverLeft } = account.units;
  const code = shellWord(lot.code);
  if (granted.length > 0) {
    const resolve = `at the station: keyline station close ${code}; here: keyline lot reclaim, or lot close with its --ledger FILE`;
    found.push(group('granted', granted, resolve));
  }
  if (lost.length > 0 && reasons.lost === undefined) {
    const resolve = `keyline grant recover ${code} --range A-B …, or lot close with --lost-reason TEXT`;
    found.push(group('lost', lost, resolve));
  }
  const planned = { from: 0, count: lot.size };
  const unused = cut(neverLeft, planned);
  if (unused.length > 0 && metStation && reasons.unused === undefined) {
    found.push(group('never left', unused, 'lot close with --unused-reason TEXT'));
  }
  return found;
}

async function openInLedger(
  lot: Lot,
  { reader, isOwn }: GatheredLedger,
  reasons: CloseReasons,
): Promise<Unresolved[]> {
  const station = isOwn ? undefined : reader.identity.station;
  const found: Unresolved[] = [];
  for (const state of OPEN_STATES) {
    const units: Range[] = [];
    for await (const { index } of reader.units(lot.lotId, [state])) {
      units.push({ from: index, count: 1 });
    }
    if (units.length === 0) continue;
    found.push({ ...group(state, runs(units), commandFor(lot, state)), station });
  }
  const free = [...reader.neverUsed(lot.lotId)];
  const { planned } = reader.counts(lot.lotId);
  if (!isOwn && free.length > 0) {
    const resolve = `there: keyline station close ${shellWord(lot.code)}, then name its ledger as it is after that`;
    found.push({ ...group('free', free, resolve), station });
  } else if (planned.free > 0 && reasons.unused === undefined) {
    const unused = cut(free, { from: 0, count: lot.size });
    found.push(group('free', unused, 'lot close with --unused-reason TEXT'));
  }
  const { elsewhere } = planned;
  if (elsewhere > 0 && reasons.unused === undefined) {
    const resolve = 'keyline ledger import LOG …, or lot close with --unused-reason TEXT';
    found.push({ what: 'elsewhere', count: elsewhere, units: '', station, resolve });
  }
  return found;
}

function commandFor(lot: Lot, state: (typeof OPEN_STATES)[number]): string {
  const code = shellWord(lot.code);
  switch (state) {
    case 'failed':
      return `keyline unit scrap ${code} --all-failed --reason TEXT, or unit rework, and the devices again`;
    case 'reserved':
      return `the devices again: keyline station run ${code} …, or unit scrap ${code} UNIT --reason TEXT`;
    default:
      return `the devices again: keyline station run ${code} …, or unit scrap or replace`;
  }
}

/** Consecutive single units as ranges; they come in order. */
function runs(units: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const unit of units) {
    const last = joined.at(-1);
    if (last && last.from + last.count === unit.from) {
      joined[joined.length - 1] = { from: last.from, count: last.count + 1 };
    } else {
      joined.push(unit);
    }
  }
  return joined;
}

function group(what: Unresolved['what'], ranges: readonly Range[], resolve: string): Unresolved {
  const count = ranges.reduce((sum, range) => sum + range.count, 0);
  const shown = ranges
    .slice(0, SHOWN)
    .map((range) => (range.count === 1 ? String(range.from) : formatRange(range)));
  return { what, count, units: shown.join(', ') + (ranges.length > SHOWN ? ' …' : ''), resolve };
}

function cut(ranges: readonly Range[], of: Range): Range[] {
  return ranges.flatMap((range) => intersection(range, of) ?? []);
}

function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

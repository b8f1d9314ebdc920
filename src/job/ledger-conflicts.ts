import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { mergeSorted } from '../kernel/merge-sorted.ts';
import type { LiveDevice } from '../ledger/ledger.ts';
import type { LotId } from '../model/ids.ts';
import { formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import type { GatheredLedger } from './gather-ledgers.ts';

/** What one ledger says of a conflict. */
export interface ConflictSide {
  readonly file: string;
  readonly station: string;
  readonly lotId: LotId;
  readonly index: number;
  readonly hardwareId: string;
  readonly state: UnitRecord['state'];
}

/** Something that not all ledgers can be right about. */
export type LedgerConflict =
  /** One index, held by two hardware ids. */
  | { readonly kind: 'unit'; readonly index: number; readonly sides: readonly ConflictSide[] }
  /** One hardware id, live with a unit in two ledgers. */
  | {
      readonly kind: 'device';
      readonly hardwareId: string;
      readonly sides: readonly ConflictSide[];
    }
  /** Units that two ledgers may give. */
  | { readonly kind: 'claim'; readonly range: Range; readonly files: readonly string[] };

/** The first hundred conflicts, and how many there are. */
export interface LedgerConflicts {
  readonly count: number;
  readonly listed: readonly LedgerConflict[];
}

const LIMIT = 100;

/**
 * Finds what several ledgers contradict each other in about one lot: units, devices with a unit of the
 * lot, and who may give what. Everything is read in the order of an index, so that memory is flat.
 */
export async function findConflicts(
  ledgers: readonly GatheredLedger[],
  lotId: LotId,
  effects: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LedgerConflicts> {
  const listed: LedgerConflict[] = [];
  let count = 0;
  // One ledger holds each index once and each device once: its own rules see to that.
  if (ledgers.length > 1) {
    for (const find of [unitConflicts, deviceConflicts, claimConflicts]) {
      for await (const conflict of find(ledgers, lotId)) {
        throwIfAborted(effects.signal);
        count++;
        if (listed.length < LIMIT) listed.push(conflict);
      }
    }
  }
  return { count, listed };
}

/** Throws `ledger-conflict`, with the conflicts as facts, where there are any. */
export function refuseConflicts({ count, listed }: LedgerConflicts): void {
  const [first] = listed;
  if (!first) return;
  const more = count > 1 ? ` (and ${count - 1} more)` : '';
  throw new KeylineError('ledger-conflict', {
    message: `the ledgers contradict each other: ${formatConflict(first)}${more}`,
    facts: { reason: 'units', conflictCount: count, conflicts: listed.map(formatConflict) },
  });
}

/** A conflict as one sentence without a full stop, for people and for `grep`. */
export function formatConflict(conflict: LedgerConflict): string {
  switch (conflict.kind) {
    case 'unit': {
      const sides = conflict.sides.map(
        ({ hardwareId, file }) => `by device ${hardwareId} in ${file}`,
      );
      return `unit ${conflict.index} is held ${sides.join(' and ')}`;
    }
    case 'device': {
      const sides = conflict.sides.map(
        ({ index, lotId, file }) => `unit ${index} of lot ${lotId} in ${file}`,
      );
      return `device ${conflict.hardwareId} has ${sides.join(' and ')}`;
    }
    case 'claim':
      return `units ${formatRange(conflict.range)} may be given by ${conflict.files.join(' and ')}`;
  }
}

async function* unitConflicts(
  ledgers: readonly GatheredLedger[],
  lotId: LotId,
): AsyncGenerator<LedgerConflict> {
  const sources = ledgers.map(({ reader }) => reader.units(lotId));
  for await (const group of mergeSorted(sources, (a, b) => a.index - b.index)) {
    const holders = new Set(group.map(({ item }) => item.hardwareId));
    if (holders.size < 2) continue;
    const sides = group.map(({ source, item }) => sideOf(ledgers[source], item));
    yield { kind: 'unit', index: sides[0]?.index ?? 0, sides };
  }
}

async function* deviceConflicts(
  ledgers: readonly GatheredLedger[],
  lotId: LotId,
): AsyncGenerator<LedgerConflict> {
  const sources = ledgers.map(({ reader }) => reader.liveDevices());
  const compare = (a: LiveDevice, b: LiveDevice): number =>
    a.hardwareId === b.hardwareId ? 0 : compareUtf8(a.hardwareId, b.hardwareId);
  for await (const group of mergeSorted(sources, compare)) {
    if (group.length < 2 || !group.some(({ item }) => item.lotId === lotId)) continue;
    const sides = group.map(({ source, item }) => sideOf(ledgers[source], item));
    yield { kind: 'device', hardwareId: sides[0]?.hardwareId ?? '', sides };
  }
}

/** Walks all claims by where they begin; what began earlier and reaches further is held beside. */
async function* claimConflicts(
  ledgers: readonly GatheredLedger[],
  lotId: LotId,
): AsyncGenerator<LedgerConflict> {
  const sources = ledgers.flatMap(({ reader, file }) =>
    (['here', 'elsewhere'] as const).map((use) => claims(reader.claimed(lotId, use), file)),
  );
  let open: Claim[] = [];
  for await (const group of mergeSorted(sources, (a, b) => a.range.from - b.range.from)) {
    for (const { item } of group) {
      open = open.filter(({ range }) => range.from + range.count > item.range.from);
      for (const other of open) {
        const range = intersection(other.range, item.range);
        if (range) yield { kind: 'claim', range, files: [other.file, item.file] };
      }
      open.push(item);
    }
  }
}

interface Claim {
  readonly range: Range;
  readonly file: string;
}

function* claims(ranges: Iterable<Range>, file: string): Generator<Claim> {
  for (const range of ranges) yield { range, file };
}

function sideOf(
  ledger: GatheredLedger | undefined,
  { lotId, index, hardwareId, state }: LiveDevice,
): ConflictSide {
  const station = ledger?.reader.identity.station ?? '';
  return { file: ledger?.file ?? '', station, lotId, index, hardwareId, state };
}

/** SQLite's order of texts (sqlite.org/datatype3.html section 7), which JavaScript's is not for rare characters. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

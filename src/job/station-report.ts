import type { Home } from '../home/home.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { mergeSorted } from '../kernel/merge-sorted.ts';
import { LineFigures, share } from '../model/line-figures.ts';
import type { Failures, FailureTable, Results } from '../model/line-figures.ts';
import type { Lot } from '../model/lot.ts';
import { reconcile } from '../model/reconciliation.ts';
import type { Reconciliation } from '../model/reconciliation.ts';
import { resolutionOf } from '../model/resolution.ts';
import type { Resolution } from '../model/resolution.ts';
import { unitSerial } from '../model/serial-template.ts';
import { sliceWidth } from '../model/time-slices.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { gatherLedgers } from './gather-ledgers.ts';
import type { GatheredLedger } from './gather-ledgers.ts';
import { findConflicts } from './ledger-conflicts.ts';
import type { LedgerConflicts } from './ledger-conflicts.ts';
import { accountOf } from './lot-accounts.ts';
import { bookOf, findLot } from './open-lot.ts';

/** Results with their shares, 0 to 1; a share of nothing is left out. */
export interface Yield extends Results {
  readonly yield?: number;
  readonly firstPassYield?: number;
}

/** A row of a table of failures. */
export interface FailureRow extends Failures {
  readonly name: string;
}

/** A unit that is not verified, and what resolves it. */
export interface OpenUnit extends Resolution {
  readonly index: number;
  readonly serial: string;
  readonly state: UnitRecord['state'];
  readonly hardwareId: string;
  readonly station: string;
  readonly slot?: string;
  readonly operator?: string;
  readonly changedAt: string;
  readonly code?: string;
  readonly reason?: string;
}

/** What a lot's ledgers say, as a supervisor asks for it. The same ledgers and window give the same but `madeAt`. */
export interface StationReport {
  readonly lot: Pick<Lot, 'lotId' | 'code' | 'size' | 'spare' | 'model'>;
  readonly madeAt: string;
  readonly since?: string;
  readonly until?: string;
  readonly ledgers: readonly {
    readonly file: string;
    readonly station: string;
    readonly events: number;
    readonly lastEventAt: string;
  }[];
  /** Within the window, as all that follows but the units and the reconciliation, which are of now. */
  readonly total: Yield;
  readonly sliceMs: number;
  readonly slices: readonly (Yield & { readonly from: string })[];
  /** From a device's arrival on record to its pass. */
  readonly cycles: { readonly count: number; readonly medianMs?: number; readonly p95Ms?: number };
  readonly failures: {
    readonly byCode: readonly FailureRow[];
    readonly bySlot: readonly FailureRow[];
    readonly byOperator: readonly FailureRow[];
    readonly byStation: readonly FailureRow[];
  };
  /** How many units are neither verified nor ended, and the first ten thousand of them by index. */
  readonly openCount: number;
  readonly open: readonly OpenUnit[];
  readonly reconciliation: Reconciliation;
  readonly conflicts: LedgerConflicts;
}

/** What a report is asked for. Times are ISO 8601 seconds in UTC, both included. */
export interface ReportRequest {
  /** Code or id. */
  readonly lot: string;
  readonly ledgers: readonly string[];
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** What surrounds it. */
export interface ReportEffects {
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly warn?: ((message: string) => void) | undefined;
}

/** Slot 2 before slot 10, on every machine alike. */
const order = new Intl.Collator('en', { numeric: true });

const MOST_OPEN = 10_000;
const OPEN_STATES = ['reserved', 'writing', 'written', 'failed'] as const;

/**
 * Reads this home's ledger and others and adds one lot up. What contradicts itself is in the report.
 * Throws `usage` for a window that is none, `not-found`, and what `gatherLedgers` throws. Memory is flat.
 */
export async function stationReport(
  home: Home,
  request: ReportRequest,
  effects: ReportEffects = {},
): Promise<StationReport> {
  const { signal, clock = systemClock, warn } = effects;
  const { since, until } = request;
  if (since !== undefined && until !== undefined && since > until) {
    throw new KeylineError('usage', { message: `${since} is after ${until}` });
  }
  const { lot } = await findLot(home, request.lot);
  using gathered = await gatherLedgers(home, request.ledgers, { signal });
  for (const text of gathered.warnings) warn?.(text);
  const { ledgers } = gathered;
  const spans = [];
  for (const ledger of ledgers) spans.push(await spanOf(ledger));
  const { figures, sliceMs } = await addUp(ledgers, spans, { lot, since, until, signal });
  const { openCount, open } = await openUnits(ledgers, lot, signal);
  return {
    lot: pick(lot),
    madeAt: isoSeconds(clock.now()),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ledgers: spans.map(({ file, station, events, last }) => {
      return { file, station, events, lastEventAt: last };
    }),
    total: withShares(figures.total),
    sliceMs,
    slices: [...figures.slices]
      .sort(([a], [b]) => a - b)
      .map(([from, results]) => ({ from: isoSeconds(new Date(from)), ...withShares(results) })),
    cycles: cyclesOf(figures),
    failures: {
      byCode: rows(figures.byCode),
      bySlot: rows(figures.bySlot),
      byOperator: rows(figures.byOperator),
      byStation: rows(figures.byStation),
    },
    ...{ openCount, open },
    reconciliation: reconcile(accountOf(lot, ledgers, await bookOf(home, lot).entries())),
    conflicts: await findConflicts(ledgers, lot.lotId, { signal }),
  };
}

interface Span {
  readonly file: string;
  readonly station: string;
  readonly events: number;
  readonly first: string;
  readonly last: string;
}

async function spanOf({ file, reader }: GatheredLedger): Promise<Span> {
  const { identity } = reader;
  const events = reader.head().seq;
  let last = identity.at;
  for await (const { event } of reader.entries(events)) last = event.at;
  return { file, station: identity.station, events, first: identity.at, last };
}

async function addUp(
  ledgers: readonly GatheredLedger[],
  spans: readonly Span[],
  of: Pick<ReportRequest, 'since' | 'until'> & {
    readonly lot: Lot;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ figures: LineFigures; sliceMs: number }> {
  const first = Math.min(...spans.map((span) => Date.parse(span.first)));
  const last = Math.max(...spans.map((span) => Date.parse(span.last)));
  // Without a window every event counts, also one of a clock that was set back later.
  const since = of.since === undefined ? -Infinity : Date.parse(of.since);
  // The whole of the last second.
  const until = of.until === undefined ? Infinity : Date.parse(of.until) + 999;
  const sliceMs = sliceWidth(Math.min(until, last) - Math.max(since, first));
  const figures = new LineFigures({ lotId: of.lot.lotId, since, until, sliceMs });
  let taken = 0;
  for (const { reader } of ledgers) {
    for await (const { event } of reader.entries()) {
      if (taken++ % 1024 === 0) throwIfAborted(of.signal);
      figures.take(event);
    }
    figures.endLedger();
  }
  return { figures, sliceMs };
}

async function openUnits(
  ledgers: readonly GatheredLedger[],
  lot: Lot,
  signal: AbortSignal | undefined,
): Promise<Pick<StationReport, 'openCount' | 'open'>> {
  const open: OpenUnit[] = [];
  let openCount = 0;
  const sources = ledgers.map(({ reader }) => reader.units(lot.lotId, OPEN_STATES));
  for await (const group of mergeSorted(sources, (a, b) => a.index - b.index)) {
    throwIfAborted(signal);
    for (const { item } of group) {
      openCount++;
      if (open.length < MOST_OPEN) open.push(openUnit(item, lot));
    }
  }
  return { openCount, open };
}

function openUnit(unit: UnitRecord, lot: Lot): OpenUnit {
  const { index, state, hardwareId, station, slot, operator, changedAt, code, reason } = unit;
  const isFailed = state === 'failed';
  return {
    ...{ index, serial: unitSerial(lot, index), state, hardwareId, station, changedAt },
    ...(slot !== undefined && { slot }),
    ...(operator !== undefined && { operator }),
    ...(isFailed && code !== undefined && { code }),
    ...(isFailed && reason !== undefined && { reason }),
    ...resolutionOf(unit, lot.code),
  };
}

function withShares(results: Results): Yield {
  const all = share(results.passed, results.units);
  const first = share(results.firstPassed, results.first);
  return {
    ...results,
    ...(all !== undefined && { yield: all }),
    ...(first !== undefined && { firstPassYield: first }),
  };
}

function cyclesOf({ cycles }: LineFigures): StationReport['cycles'] {
  const [medianMs, p95Ms] = cycles.quantiles([0.5, 0.95]);
  return {
    count: cycles.count,
    ...(medianMs !== undefined && { medianMs }),
    ...(p95Ms !== undefined && { p95Ms }),
  };
}

/** The most failures first; of as many, by name. */
function rows(table: FailureTable): FailureRow[] {
  return [...table]
    .map(([name, counts]) => ({ name, ...counts }))
    .sort((a, b) => bad(b) - bad(a) || order.compare(a.name, b.name));
}

function bad({ failed, turnedAway }: Failures): number {
  return failed + turnedAway;
}

function pick({ lotId, code, size, spare, model }: Lot): StationReport['lot'] {
  return { lotId, code, size, spare, ...(model !== undefined && { model }) };
}

import type { StationReport } from '../job/station-report.ts';
import type { PartReconciliation, Reconciliation } from '../model/reconciliation.ts';
import { grouped } from './progress.ts';

/** `98.7 %`, rounded down so that only all of them are 100; a dash for a share of nothing. */
export function percent(share: number | undefined): string {
  if (share === undefined) return '–';
  const tenths = Math.floor(share * 1000 + 1e-9);
  return `${Math.floor(tenths / 10)}.${tenths % 10} %`;
}

/** `850 ms`, `2.4 s`, `3 min 20 s`; a dash for none. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A count and its noun. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `2026-11-25 12:00` in UTC. */
export function moment(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

/** The time that a report is about, as a sentence's part. */
export function windowText({ since, until }: StationReport): string {
  if (since === undefined && until === undefined) return 'everything on record';
  const from = since === undefined ? '' : `from ${moment(since)}`;
  const to = until === undefined ? '' : `to ${moment(until)}`;
  return `${[from, to].filter((part) => part !== '').join(' ')} UTC`;
}

/** One line of a reconciliation. */
export interface ReconciliationRow {
  readonly label: string;
  readonly planned: number;
  readonly spare: number;
}

const ROWS: readonly (readonly [
  label: string,
  count: (part: PartReconciliation) => number,
  always: boolean,
])[] = [
  ['in no ledger', (part) => part.notAdmitted, false],
  ['never given to a device', (part) => part.free, true],
  ['given back for good', (part) => part.surrendered, false],
  ['written elsewhere, nothing came back', (part) => part.elsewhere, false],
  ['reserved', (part) => part.states.reserved, true],
  ['being written', (part) => part.states.writing, false],
  ['written, not verified', (part) => part.states.written, true],
  ['verified', (part) => part.states.verified, true],
  ['verified and done', (part) => part.states.done, true],
  ['failed', (part) => part.states.failed, true],
  ['scrapped', (part) => part.states.scrapped, true],
  ['replaced', (part) => part.states.replaced, false],
];

/** Where the units of a lot are, line by line; lines of nothing are left out but for the usual ones. */
export function reconciliationRows({ planned, spare }: Reconciliation): ReconciliationRow[] {
  return ROWS.map(([label, count, always]) => {
    return { label, planned: count(planned), spare: count(spare), always };
  })
    .filter(({ always, ...row }) => always || row.planned !== 0 || row.spare !== 0)
    .map(({ label, ...row }) => ({ label, planned: row.planned, spare: row.spare }));
}

/** What the lines come to. */
export function reconciliationSum({ planned, spare }: Reconciliation): ReconciliationRow {
  const sum = (part: PartReconciliation): number => part.total - part.difference;
  return { label: 'together', planned: sum(planned), spare: sum(spare) };
}

/** Whether everything is accounted for, as a sentence. */
export function verdict({ lot, reconciliation, conflicts }: StationReport): string {
  const { addsUp, planned, spare } = reconciliation;
  if (conflicts.count > 0) {
    return `The ledgers contradict each other in ${counted(conflicts.count, 'place')}.`;
  }
  if (!addsUp) {
    const wrong = planned.difference !== 0 || planned.notAdmitted < 0 ? 'planned' : 'spare';
    return `It does not add up: the ${wrong} units of the ledgers are not those of lot ${lot.code}.`;
  }
  const spares = spare.total > 0 ? ` and ${grouped(spare.total)} spare` : '';
  return `It adds up: ${grouped(planned.total)} planned${spares} units are accounted for.`;
}

/** Planned and spare units whose credential is verified on a device now. */
export function verifiedNow({ reconciliation: { planned, spare } }: StationReport): number {
  return [planned, spare].reduce((sum, { states }) => sum + states.verified + states.done, 0);
}

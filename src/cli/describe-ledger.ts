import type { ImportedLog } from '../job/import-ledger.ts';
import type { LedgerReport } from '../job/verify-ledger.ts';
import { printable } from '../kernel/printable.ts';
import { formatLedgerIssue, requireSound } from '../ledger/require-sound.ts';
import { grouped } from './progress.ts';
import { facts } from './table.ts';

/** A verified ledger or export in lines for a person; its issues follow, one a line. */
export function describeLedger(report: LedgerReport): string {
  const { head, signedSeq, issues } = report;
  const signed =
    signedSeq === head.seq
      ? 'all events'
      : signedSeq === 0
        ? 'none'
        : `to event ${grouped(signedSeq)}`;
  const summary = facts([
    [report.kind, printable(report.file)],
    ['station', report.station === undefined ? undefined : printable(report.station)],
    ['station key', report.stationKey],
    ['epoch', report.epoch],
    ['events', grouped(head.seq)],
    ['head', head.hash],
    ['signed', signed],
    ['issues', issues.length === 0 ? 'none' : grouped(issues.length)],
  ]);
  return issues.length === 0 ? summary : [summary, '', ...issues.map(formatLedgerIssue)].join('\n');
}

/** What an import has done, in lines for a person. */
export function describeImported({ lot, ...counts }: ImportedLog): string {
  const names = ['rows', 'passed', 'failed', 'recorded', 'known'] as const;
  return facts([
    ['lot', lot],
    ...names.map((name): [string, string] => [name, grouped(counts[name])]),
  ]);
}

/** Throws `ledger-damaged`, with the issues as facts, where there are any. */
export function refuseIssues(report: LedgerReport): void {
  requireSound(report.file, report);
}

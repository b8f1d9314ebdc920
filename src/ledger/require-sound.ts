import { KeylineError } from '../kernel/errors.ts';
import type { LedgerIssue } from './chain-check.ts';
import type { VerifiedLedger } from './verify-ledger.ts';

/** `event 7: its hash does not follow from the event before it`, for people and for `grep`. */
export function formatLedgerIssue({ seq, problem }: LedgerIssue): string {
  return seq === undefined ? problem : `event ${seq}: ${problem}`;
}

/** Throws `ledger-damaged`, with the issues as facts, where there are any. */
export function requireSound(file: string, { head, issues }: VerifiedLedger): void {
  const [first] = issues;
  if (!first) return;
  throw new KeylineError('ledger-damaged', {
    message: `${file} is not what its station recorded: ${formatLedgerIssue(first)}`,
    facts: { file, events: head.seq, issues: issues.map(formatLedgerIssue) },
  });
}

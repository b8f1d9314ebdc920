import { KeylineError } from '../kernel/errors.ts';
import type { LedgerHeadStatement } from '../seals/ledger-head.ts';
import type { LedgerHead } from './chain.ts';
import type { LedgerFile } from './ledger-file.ts';

/** Throws `ledger-rolled-back` where the ledger does not have the head that something outside it remembers. */
export function requireReached(
  file: LedgerFile,
  remembered: LedgerHeadStatement,
  source: string,
): void {
  const { stationKey, epoch } = file.identity();
  const isSame = remembered.stationKey === stationKey && remembered.epoch === epoch;
  if (isSame && file.has(remembered)) return;
  const head: LedgerHead = file.head();
  throw new KeylineError('ledger-rolled-back', {
    message: isSame
      ? `the ledger ends at event ${head.seq}, and ${source} knows of event ${remembered.seq}, which it does not have`
      : `${source} belongs to another ledger of this station`,
    facts: { path: file.path, seq: head.seq, remembered: remembered.seq },
  });
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeLedger, refuseIssues } from '../../src/cli/describe-ledger.ts';
import { verifyLedger } from '../../src/job/verify-ledger.ts';
import type { LedgerReport } from '../../src/job/verify-ledger.ts';

export default class LedgerVerify extends BaseCommand {
  static override summary = 'Prove that a ledger was not altered';
  static override description =
    'Walks the chain of all events, replays them and compares what they add up to, and checks the station’s signature. FILE is a ledger or an export. Exits 3 where something is wrong.';

  static override examples = [
    '<%= config.bin %> ledger verify',
    '<%= config.bin %> ledger verify line-1.ndjson --json',
  ];

  static override args = {
    file: Args.string({ description: 'A ledger or an export; this home’s ledger unless given.' }),
  };

  static override flags = {
    witness: Flags.string({ helpValue: 'FILE', summary: 'A witness that must fit too.' }),
  };

  async run(): Promise<LedgerReport> {
    const { args, flags } = await this.parse(LedgerVerify);
    const request = { file: args.file, witness: flags.witness };
    const report = await verifyLedger(this.home, request, { signal: this.signal });
    this.print(describeLedger(report));
    refuseIssues(report);
    if (report.signedSeq < report.head.seq) {
      this.warning(
        `the events after ${report.signedSeq} are not signed: the last run did not end in order`,
      );
    }
    return report;
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { ledgersFlag, outputFlags, timeFlag } from '../../src/cli/flags.ts';
import { makeReport } from '../../src/cli/make-report.ts';
import type { StationReport } from '../../src/job/station-report.ts';

export default class StationReportCommand extends BaseCommand {
  static override summary = 'Report yield, failures and what is still to do';
  static override description =
    'Reads the station’s ledger and any others of the lot: yield over time, cycle times, failures, every unit that is not verified with the command that resolves it, and where each unit is. Times are UTC. Exits 3 where the ledgers contradict each other or do not add up.';

  static override examples = [
    '<%= config.bin %> station report A1',
    '<%= config.bin %> station report A1 --html report.html --force',
    '<%= config.bin %> station report A1 --ledger line-1.ndjson --since 2026-03-01 --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    ledger: ledgersFlag(),
    html: Flags.string({
      helpValue: 'FILE',
      summary: 'Write one HTML file that needs no network.',
    }),
    force: outputFlags.force,
    since: timeFlag('first second', 'Only from this day or second on.'),
    until: timeFlag('last second', 'Only to this day or second, included.'),
  };

  async run(): Promise<StationReport> {
    const { args, flags } = await this.parse(StationReportCommand);
    return await makeReport(this, { lot: args.lot, ledgers: flags.ledger, ...flags });
  }
}

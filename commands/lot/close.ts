import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { yesFlag } from '../../src/cli/flags.ts';
import { closeLot } from '../../src/job/close-lot.ts';

export default class LotClose extends BaseCommand {
  static override summary = 'Close a lot: no secret leaves it any more';
  static override description =
    'Public manifests and checks go on. A closed lot cannot be opened again.';

  static override examples = [
    '<%= config.bin %> lot close A1 --dry-run',
    '<%= config.bin %> lot close A1 --yes',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    'dry-run': Flags.boolean({ summary: 'Only say what would be closed.' }),
    yes: yesFlag,
  };

  async run(): Promise<{ lotId: string; closedAt: string; dryRun: boolean }> {
    const { args, flags } = await this.parse(LotClose);
    const trial = await closeLot(this.home, args.lot, { dryRun: true });
    const { code, lotId } = trial.lot;
    if (flags['dry-run']) {
      this.print(`Lot ${code} (${lotId}) would be closed.`);
      return { lotId, closedAt: trial.closedAt, dryRun: true };
    }
    await this.confirm(`Close lot ${code} (${lotId}) for good?`, flags.yes);
    const { closedAt } = await closeLot(this.home, lotId, { dryRun: false });
    this.print(`Lot ${code} (${lotId}) was closed at ${closedAt}.`);
    return { lotId, closedAt, dryRun: false };
  }
}

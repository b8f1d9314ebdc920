import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeLot } from '../../src/cli/describe-lot.ts';
import { showLot } from '../../src/job/show-lot.ts';
import type { LotReport } from '../../src/job/show-lot.ts';

export default class LotShow extends BaseCommand {
  static override summary = 'Show a lot';

  static override examples = [
    '<%= config.bin %> lot show A1',
    '<%= config.bin %> lot show A1 --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  async run(): Promise<LotReport> {
    const { args } = await this.parse(LotShow);
    const report = await showLot(this.home, args.lot);
    this.print(describeLot(report));
    return report;
  }
}

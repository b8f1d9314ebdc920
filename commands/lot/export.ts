import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { outputFlags } from '../../src/cli/flags.ts';
import { exportLot } from '../../src/job/export-lot.ts';

export default class LotExport extends BaseCommand {
  static override summary = 'Write a lot’s sealed descriptor out';
  static override description =
    'It is public and moves the lot to another machine, with `lot import`. Without -o it goes to standard output.';

  static override examples = [
    '<%= config.bin %> lot export A1 -o A1.lot',
    '<%= config.bin %> lot export A1 | <%= config.bin %> lot import -',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = outputFlags;

  async run(): Promise<{ lotId: string; descriptor: string; output?: string }> {
    const { args, flags } = await this.parse(LotExport);
    const { output, force } = flags;
    // Under --json the descriptor is in the result.
    const path = output ?? (this.jsonEnabled() ? undefined : '-');
    const to = path === undefined ? undefined : { path, force };
    const { lot, descriptor } = await exportLot(this.home, args.lot, to);
    if (output !== undefined && output !== '-') {
      this.print(`The descriptor of lot ${lot.code} is in ${output}.`);
    }
    return { lotId: lot.lotId, descriptor, ...(output !== undefined && { output }) };
  }
}

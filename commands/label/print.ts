import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { outputFlags, rangeFlag } from '../../src/cli/flags.ts';
import { labelFlags } from '../../src/cli/label-flags.ts';
import { printForCommand } from '../../src/cli/print-labels.ts';
import type { PrintedLabels } from '../../src/job/print-labels.ts';
import { UNIT_NAMES } from '../../src/job/show-unit.ts';

export default class LabelPrint extends BaseCommand {
  static override summary = 'Print labels of units';
  static override description =
    'As SVG, PNG or ZPL to a file, a folder (a file a label) or a printer. Each print is on record before it leaves, in the station’s ledger or else in the lot’s allocation book; a second label of a unit wants --reprint REASON.';

  static override examples = [
    '<%= config.bin %> label print A1 7 -o label.svg',
    '<%= config.bin %> label print A1 --range 0-9 --code datamatrix --size 20x10 --dpi 300 --format png -o labels/',
    '<%= config.bin %> label print A1 ACME-A1-00000008 --with-claim -o claim.zpl',
  ];

  static override args = {
    lot: Args.string({ required: true, description: 'Code or id.' }),
    unit: Args.string({ description: 'Endpoint key, serial or index; or a --range.' }),
  };

  static override flags = {
    by: Flags.option({ options: UNIT_NAMES, summary: 'What UNIT is, where two fit.' })(),
    range: rangeFlag(),
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE|FOLDER/|tcp://HOST[:9100]|-',
      required: true,
      summary: 'Where the labels go.',
    }),
    ...labelFlags,
    reprint: Flags.string({ helpValue: 'REASON', summary: 'Print what has a label already.' }),
    force: outputFlags.force,
    ...keyFlags,
  };

  async run(): Promise<PrintedLabels> {
    const { args, flags } = await this.parse(LabelPrint);
    return await printForCommand(this, args, {
      flags,
      credentials: commandCredentials(this, flags),
    });
  }
}

import { BaseCommand } from '../../src/cli/base-command.ts';
import { settleArgs, settleByCommand, settleFlags } from '../../src/cli/settle-command.ts';
import type { Settled } from '../../src/cli/settle-command.ts';

export default class UnitRework extends BaseCommand {
  static override summary = 'Let devices be written again';
  static override description =
    'A unit that failed, or that passed and must be done again, counts as failed until its device comes back, is written and passes. The device keeps its unit.';

  static override examples = [
    '<%= config.bin %> unit rework A1 18000 --reason "new flash chip" --yes',
    '<%= config.bin %> unit rework A1 --all-failed --reason "new firmware" --dry-run',
  ];

  static override args = settleArgs;

  static override flags = settleFlags;

  async run(): Promise<Settled> {
    const { args, flags } = await this.parse(UnitRework);
    const what = { action: 'rework', lot: args.lot, units: args.unit ?? [] } as const;
    return await settleByCommand(this, what, flags);
  }
}

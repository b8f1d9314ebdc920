import { BaseCommand } from '../../src/cli/base-command.ts';
import { settleArgs, settleByCommand, settleFlags } from '../../src/cli/settle-command.ts';
import type { Settled } from '../../src/cli/settle-command.ts';

export default class UnitScrap extends BaseCommand {
  static override summary = 'End units whose devices will never ship';
  static override description =
    'The unit is never given again; its hardware id may take another one. A unit that was only reserved is free again.';

  static override examples = [
    '<%= config.bin %> unit scrap A1 18000 --reason "cracked" --operator mia --yes',
    '<%= config.bin %> unit scrap A1 --all-failed --reason "beyond repair" --yes --json',
  ];

  static override args = settleArgs;

  static override flags = settleFlags;

  async run(): Promise<Settled> {
    const { args, flags } = await this.parse(UnitScrap);
    const what = { action: 'scrap', lot: args.lot, units: args.unit ?? [] } as const;
    return await settleByCommand(this, what, flags);
  }
}

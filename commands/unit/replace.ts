import { BaseCommand } from '../../src/cli/base-command.ts';
import { settleArgs, settleByCommand, settleFlags } from '../../src/cli/settle-command.ts';
import type { Settled } from '../../src/cli/settle-command.ts';

export default class UnitReplace extends BaseCommand {
  static override summary = 'Give devices fresh credentials from the spare units';
  static override description =
    'The old credential is retired for good; the device keeps its hardware id and is written with the spare unit at its next visit.';

  static override examples = [
    '<%= config.bin %> unit replace A1 ACME-A1-00018000 --reason "key was seen" --yes',
    '<%= config.bin %> unit replace A1 94:b9:7e:00:00:01 --reason "key was seen" --dry-run',
  ];

  static override args = settleArgs;

  static override flags = settleFlags;

  async run(): Promise<Settled> {
    const { args, flags } = await this.parse(UnitReplace);
    const what = { action: 'replace', lot: args.lot, units: args.unit ?? [] } as const;
    return await settleByCommand(this, what, flags);
  }
}

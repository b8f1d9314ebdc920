import { BaseCommand } from '../../src/cli/base-command.ts';
import { moveArgs, moveByCommand, moveFlags } from '../../src/cli/move-command.ts';
import type { Moved } from '../../src/cli/move-command.ts';

export default class FleetRetire extends BaseCommand {
  static override summary = 'End devices for good';
  static override description = 'A retired device is turned away for ever, and stays on record.';

  static override examples = [
    '<%= config.bin %> fleet retire ACME-A1-00000009 --yes',
    '<%= config.bin %> fleet retire scrapped.txt --dry-run',
  ];

  static override args = moveArgs;

  static override flags = moveFlags;

  async run(): Promise<Moved> {
    const { args, flags } = await this.parse(FleetRetire);
    return await moveByCommand(this, { ...args, move: 'retire' }, flags);
  }
}

import { BaseCommand } from '../../src/cli/base-command.ts';
import { moveArgs, moveByCommand, moveFlags } from '../../src/cli/move-command.ts';
import type { Moved } from '../../src/cli/move-command.ts';

export default class FleetQuarantine extends BaseCommand {
  static override summary = 'Hold devices back';
  static override description =
    'A device in quarantine is turned away and cannot be offered; its sessions end at once. Exits 6 where some of several could not be held back.';

  static override examples = [
    '<%= config.bin %> fleet quarantine ACME-A1-00000007 --yes',
    '<%= config.bin %> fleet quarantine stolen.txt --dry-run',
  ];

  static override args = moveArgs;

  static override flags = moveFlags;

  async run(): Promise<Moved> {
    const { args, flags } = await this.parse(FleetQuarantine);
    return await moveByCommand(this, { ...args, move: 'quarantine' }, flags);
  }
}

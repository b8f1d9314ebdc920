import { BaseCommand } from '../../src/cli/base-command.ts';
import { moveArgs, moveByCommand, moveFlags } from '../../src/cli/move-command.ts';
import type { Moved } from '../../src/cli/move-command.ts';

export default class FleetRelease extends BaseCommand {
  static override summary = 'Take devices out of quarantine';
  static override description = 'They prove themselves again before they get anything.';

  static override examples = [
    '<%= config.bin %> fleet release ACME-A1-00000007 --yes',
    '<%= config.bin %> fleet release found.txt --yes --json',
  ];

  static override args = moveArgs;

  static override flags = moveFlags;

  async run(): Promise<Moved> {
    const { args, flags } = await this.parse(FleetRelease);
    return await moveByCommand(this, { ...args, move: 'release' }, flags);
  }
}

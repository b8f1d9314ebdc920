import { BaseCommand } from '../../src/cli/base-command.ts';
import { moveArgs, moveByCommand, moveFlags } from '../../src/cli/move-command.ts';
import type { Moved } from '../../src/cli/move-command.ts';

export default class EscrowCancel extends BaseCommand {
  static override summary = 'Take devices out of escrow';
  static override description =
    'They are not offered to anyone until they are restored. One that is offered is withdrawn first.';

  static override examples = [
    '<%= config.bin %> escrow cancel ACME-A1-00000007 --yes',
    '<%= config.bin %> escrow cancel recalled.txt --dry-run',
  ];

  static override args = moveArgs;

  static override flags = moveFlags;

  async run(): Promise<Moved> {
    const { args, flags } = await this.parse(EscrowCancel);
    return await moveByCommand(this, { ...args, move: 'cancel' }, flags);
  }
}

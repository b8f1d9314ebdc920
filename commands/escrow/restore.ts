import { BaseCommand } from '../../src/cli/base-command.ts';
import { moveArgs, moveByCommand, moveFlags } from '../../src/cli/move-command.ts';
import type { Moved } from '../../src/cli/move-command.ts';

export default class EscrowRestore extends BaseCommand {
  static override summary = 'Put cancelled devices back into escrow';
  static override description = 'They wait for an offer again.';

  static override examples = [
    '<%= config.bin %> escrow restore ACME-A1-00000007 --yes',
    '<%= config.bin %> escrow restore recalled.txt --yes --json',
  ];

  static override args = moveArgs;

  static override flags = moveFlags;

  async run(): Promise<Moved> {
    const { args, flags } = await this.parse(EscrowRestore);
    return await moveByCommand(this, { ...args, move: 'restore' }, flags);
  }
}

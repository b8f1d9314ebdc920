import { BaseCommand } from '../../src/cli/base-command.ts';
import { decideByCommand, decideFlags, transferArgs } from '../../src/cli/decide-command.ts';
import type { Decided } from '../../src/cli/decide-command.ts';

export default class TransferWithdraw extends BaseCommand {
  static override summary = 'Take back devices that were offered';
  static override description =
    'Only what the other account has not decided on yet; it can be offered again at once.';

  static override examples = [
    '<%= config.bin %> transfer withdraw tr_068q3v1vg0k9r7aaqmw2vtfb3c --all --yes',
    '<%= config.bin %> transfer withdraw tr_068q3v1vg0k9r7aaqmw2vtfb3c --only recalled.txt --dry-run',
  ];

  static override args = transferArgs;

  static override flags = decideFlags;

  async run(): Promise<Decided> {
    const { args, flags } = await this.parse(TransferWithdraw);
    return await decideByCommand(this, { ...args, move: 'withdrawn' }, flags);
  }
}

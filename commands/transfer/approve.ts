import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import {
  decideByCommand,
  decideFlags,
  devicesFlag,
  transferArgs,
} from '../../src/cli/decide-command.ts';
import type { Decided } from '../../src/cli/decide-command.ts';

export default class TransferApprove extends BaseCommand {
  static override summary = 'Accept devices that another account offers';
  static override description =
    'They are the account’s from then on. A file has a serial, endpoint key or id a line, or is CSV with a header, such as what `transfer show -o` wrote; its column `reason` counts. Exits 6 where devices could not be moved.';

  static override examples = [
    '<%= config.bin %> transfer approve tr_068q3v1vg0k9r7aaqmw2vtfb3c --all --yes',
    '<%= config.bin %> transfer approve tr_068q3v1vg0k9r7aaqmw2vtfb3c --only received.txt --yes',
    '<%= config.bin %> transfer approve tr_068q3v1vg0k9r7aaqmw2vtfb3c --except broken.csv --reason "arrived broken" --yes',
  ];

  static override args = transferArgs;

  static override flags = {
    ...decideFlags,
    except: devicesFlag('All but these, which are refused.'),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why the exceptions are refused.' }),
  };

  async run(): Promise<Decided> {
    const { args, flags } = await this.parse(TransferApprove);
    return await decideByCommand(this, { ...args, move: 'accepted' }, flags);
  }
}

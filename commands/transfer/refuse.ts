import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import {
  decideByCommand,
  decideFlags,
  devicesFlag,
  transferArgs,
} from '../../src/cli/decide-command.ts';
import type { Decided } from '../../src/cli/decide-command.ts';

export default class TransferRefuse extends BaseCommand {
  static override summary = 'Refuse devices that another account offers';
  static override description =
    'They stay where they are, and can be offered again. A file may give each device a reason of its own, in a CSV column `reason`.';

  static override examples = [
    '<%= config.bin %> transfer refuse tr_068q3v1vg0k9r7aaqmw2vtfb3c --all --reason "not ordered" --yes',
    '<%= config.bin %> transfer refuse tr_068q3v1vg0k9r7aaqmw2vtfb3c --only ACME-A1-00000007 --reason "arrived broken" --yes',
  ];

  static override args = transferArgs;

  static override flags = {
    ...decideFlags,
    except: devicesFlag('All but these, which are accepted.'),
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why; the other account reads it.' }),
  };

  async run(): Promise<Decided> {
    const { args, flags } = await this.parse(TransferRefuse);
    return await decideByCommand(this, { ...args, move: 'refused' }, flags);
  }
}

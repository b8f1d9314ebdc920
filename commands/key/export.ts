import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { outputFlags, recipientFlag, yesFlag } from '../../src/cli/flags.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { exportKey } from '../../src/job/key-export.ts';
import { findKey } from '../../src/job/key-list.ts';

export default class KeyExport extends BaseCommand {
  static override summary = 'Write a provisioning secret out, as a backup';
  static override description =
    'Whoever has the secret has every unit of the key. With --recipient the file opens for them only.';

  static override examples = [
    '<%= config.bin %> key export --yes --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p -o backup.age',
    '<%= config.bin %> key export --yes -o backup.txt',
  ];

  static override args = {
    key: Args.string({ description: 'kp_… or a label; needed where there are several keys.' }),
  };

  static override flags = {
    recipient: recipientFlag('Write an age file for this recipient; repeat for more.'),
    ...outputFlags,
    yes: yesFlag,
    ...keyFlags,
  };

  async run(): Promise<{ provisioningKey: string; output: string; isPlaintext: boolean }> {
    const { args, flags } = await this.parse(KeyExport);
    const { output, force, recipient: recipients } = flags;
    if (output === undefined || (output === '-' && this.jsonEnabled())) {
      throw new KeylineError('secret-to-terminal', {
        message: 'nothing says where the secret goes',
      });
    }
    const credentials = commandCredentials(this, flags);
    const card = await findKey(this.home, args.key);
    const isPlaintext = recipients.length === 0;
    const how = isPlaintext ? 'readable' : 'encrypted';
    const where = output === '-' ? 'standard output' : output;
    await this.confirm(
      `Write the secret of ${card.provisioningKey}, ${how}, to ${where}?`,
      flags.yes,
    );
    const to = { output, force, recipients, signal: this.signal };
    await exportKey(this.home, card, { to, credentials });
    if (output !== '-')
      this.print(`The secret of ${card.provisioningKey} is in ${output}, ${how}.`);
    return { provisioningKey: card.provisioningKey, output, isPlaintext };
  }
}

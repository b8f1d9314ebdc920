import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeKey } from '../../src/cli/describe-key.ts';
import { keyChoiceFlags, keyChoices } from '../../src/cli/key-flags.ts';
import { createKey } from '../../src/job/key-create.ts';
import type { KeyCard } from '../../src/job/key-create.ts';

export default class KeyCreate extends BaseCommand {
  static override summary = 'Make a provisioning key';
  static override description =
    'The key file can be opened by the recipients that are named; else by the identity file; else by a passphrase.';

  static override examples = [
    '<%= config.bin %> key create --label widgets-2026',
    '<%= config.bin %> key create --use field --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  ];

  static override flags = {
    ...keyChoiceFlags,
    ...keyFlags,
  };

  async run(): Promise<KeyCard> {
    const { flags } = await this.parse(KeyCreate);
    const choices = keyChoices(flags);
    const credentials = choices.recipients.length > 0 ? undefined : commandCredentials(this, flags);
    const card = await createKey(this.home, choices, credentials);
    this.print(describeKey(card));
    return card;
  }
}

import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeKey } from '../../src/cli/describe-key.ts';
import { keyChoiceFlags, keyChoices, tokenFlags, tokenOf } from '../../src/cli/key-flags.ts';
import { createKey } from '../../src/job/key-create.ts';
import { createKeyInToken } from '../../src/job/key-token.ts';
import type { KeyCard } from '../../src/job/key-create.ts';

export default class KeyCreate extends BaseCommand {
  static override summary = 'Make a provisioning key';
  static override description =
    'The key file can be opened by the recipients that are named; else by the identity file; else by a passphrase. With --pkcs11 the secret goes into a token, after its backup was written.';

  static override examples = [
    '<%= config.bin %> key create --label widgets-2026',
    '<%= config.bin %> key create --use field --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  ];

  static override flags = {
    ...keyChoiceFlags,
    ...tokenFlags,
    ...keyFlags,
  };

  async run(): Promise<KeyCard> {
    const { flags } = await this.parse(KeyCreate);
    const choices = keyChoices(flags);
    const token = tokenOf(flags);
    const isAsked = token !== undefined || choices.recipients.length === 0;
    const credentials = isAsked ? commandCredentials(this, flags) : undefined;
    const card =
      token && credentials
        ? await createKeyInToken(this.home, { ...token, choices }, credentials)
        : await createKey(this.home, choices, credentials);
    this.print(describeKey(card));
    return card;
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeCa } from '../../src/cli/describe-ca.ts';
import { recipientFlag } from '../../src/cli/flags.ts';
import type { CaCard } from '../../src/job/ca-card.ts';
import { createCa } from '../../src/job/ca-create.ts';

export default class CaCreate extends BaseCommand {
  static override summary = 'Make a root that certifies issuing CAs of lots';
  static override description =
    'The root is a P-256 key with a certificate of its own. Its key file can be opened by the recipients that are named; else by the identity file; else by a passphrase.';

  static override examples = [
    '<%= config.bin %> ca create acme-2026',
    '<%= config.bin %> ca create acme-test --common-name "ACME Test Root" --not-after 2036-01-01T00:00:00Z',
  ];

  static override args = {
    name: Args.string({ required: true, description: "The root's name on this machine." }),
  };

  static override flags = {
    'common-name': Flags.string({
      helpValue: 'TEXT',
      summary: "The subject's common name; NAME unless given.",
    }),
    'not-after': Flags.string({
      helpValue: 'DATE',
      summary: 'End of validity, such as 2036-01-01T00:00:00Z.',
    }),
    recipient: recipientFlag('Who opens the key file; repeat for more.'),
    ...keyFlags,
  };

  async run(): Promise<CaCard> {
    const { args, flags } = await this.parse(CaCreate);
    const { recipient: recipients, 'common-name': commonName, 'not-after': notAfter } = flags;
    const credentials = recipients.length > 0 ? undefined : commandCredentials(this, flags);
    const choices = {
      name: args.name,
      recipients,
      ...(commonName !== undefined && { commonName }),
      ...(notAfter !== undefined && { notAfter }),
    };
    const card = await createCa(this.home, choices, credentials);
    this.print(describeCa(card));
    return card;
  }
}

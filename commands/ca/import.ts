import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeCa } from '../../src/cli/describe-ca.ts';
import { recipientFlag } from '../../src/cli/flags.ts';
import { parseTokenAddress } from '../../src/cli/key-flags.ts';
import { readInputFile } from '../../src/cli/input-file.ts';
import type { CaCard } from '../../src/job/ca-card.ts';
import { importCa } from '../../src/job/ca-import.ts';

export default class CaImport extends BaseCommand {
  static override summary = 'Keep a root that was made elsewhere';
  static override description =
    'The certificate file holds the root’s own certificate first, then its issuers, if any. The key must not have a passphrase of its own; it is kept as an age file. A key in a token is found there by its certificate and stays there.';

  static override examples = [
    '<%= config.bin %> ca import acme-root --certificate root.pem --key root.key',
    '<%= config.bin %> ca import acme-piped --certificate root.pem --key - < root.key',
  ];

  static override args = {
    name: Args.string({ required: true, description: "The root's name on this machine." }),
  };

  static override flags = {
    certificate: Flags.string({
      helpValue: 'FILE',
      required: true,
      summary: 'Certificates, PEM or DER.',
    }),
    key: Flags.string({
      helpValue: 'FILE|-',
      summary: 'Private key, PEM or PKCS #8 DER.',
      exactlyOne: ['key', 'pkcs11'],
    }),
    pkcs11: Flags.string({
      helpValue: 'MODULE:SLOT',
      exclusive: ['recipient'],
      summary: 'The PKCS#11 token that holds the private key.',
    }),
    recipient: recipientFlag('Who opens the key file; repeat for more.'),
    ...keyFlags,
  };

  async run(): Promise<CaCard> {
    const { args, flags } = await this.parse(CaImport);
    const { recipient: recipients } = flags;
    const credentials = recipients.length > 0 ? undefined : commandCredentials(this, flags);
    const { certificate, key: keyFile, 'passphrase-file': passphraseFile } = flags;
    using file = await readInputFile(certificate, [keyFile, passphraseFile, flags['pin-file']]);
    using keyInput =
      keyFile === undefined ? undefined : await readInputFile(keyFile, [passphraseFile]);
    const key = keyInput ?? parseTokenAddress(flags.pkcs11 ?? '');
    const certificates = file.use((bytes) => Uint8Array.from(bytes));
    const root = { name: args.name, certificates, key, recipients };
    const card = await importCa(this.home, root, credentials);
    this.print(describeCa(card));
    return card;
  }
}

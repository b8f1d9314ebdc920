import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { askProvisioningSecret, lazyCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeKey } from '../../src/cli/describe-key.ts';
import {
  keyChoiceFlags,
  keyChoices,
  provisioningKeyFlag,
  tokenFlags,
  tokenOf,
} from '../../src/cli/key-flags.ts';
import { importKey } from '../../src/job/key-import.ts';
import type { KeyCard } from '../../src/job/key-list.ts';

export default class KeyImport extends BaseCommand {
  static override summary = 'Take in a provisioning secret from a backup';
  static override description =
    'SOURCE is a file with ks_…, readable or as an age file, or - for standard input; without it the secret is asked for. ' +
    'The identity or passphrase that opens an age file protects the key here too, unless --recipient is given.';

  static override examples = [
    '<%= config.bin %> key import backup.txt',
    '<%= config.bin %> key import backup.age --expect kp_tsb4rkv83vdbxgaq9k4gf6f79c --label spare',
  ];

  static override args = {
    source: Args.string({ description: 'A backup; - is standard input.' }),
  };

  static override flags = {
    expect: provisioningKeyFlag({ summary: 'The key that it must give.' }),
    ...keyChoiceFlags,
    ...tokenFlags,
    ...keyFlags,
  };

  async run(): Promise<KeyCard> {
    const { args, flags } = await this.parse(KeyImport);
    const token = tokenOf(flags);
    const credentials = lazyCredentials(this, flags);
    // With nothing to protect the new key with, the command ends before anything is read.
    if (flags.recipient.length === 0 || token) credentials();
    const request = {
      source:
        args.source === undefined
          ? { ask: () => askProvisioningSecret(this) }
          : { path: args.source },
      choices: keyChoices(flags),
      ...(token && { token }),
      ...(flags.expect !== undefined && { expect: flags.expect }),
    };
    const card = await importKey(this.home, request, credentials);
    this.print(describeKey(card));
    return card;
  }
}

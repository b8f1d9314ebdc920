import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { lazyCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { checkBackup } from '../../src/job/key-check.ts';
import type { BackupCheck } from '../../src/job/key-check.ts';

export default class KeyCheck extends BaseCommand {
  static override summary = 'Prove that a backup gives this key';

  static override examples = [
    '<%= config.bin %> key check backup.age',
    '<%= config.bin %> key check backup.txt --key widgets-2026',
  ];

  static override args = {
    backup: Args.string({ required: true, description: 'A backup; - is standard input.' }),
  };

  static override flags = {
    key: Flags.string({
      helpValue: 'KEY',
      summary: 'kp_… or a label; needed where there are several keys.',
    }),
    ...keyFlags,
  };

  async run(): Promise<BackupCheck & { backup: string }> {
    const { args, flags } = await this.parse(KeyCheck);
    const request = { source: { path: args.backup }, reference: flags.key };
    const check = await checkBackup(this.home, request, lazyCredentials(this, flags));
    if (check.isPlaintext) this.warning(`${args.backup} holds the secret readable`);
    this.print(`${args.backup} gives ${check.provisioningKey}.`);
    return { backup: args.backup, ...check };
  }
}

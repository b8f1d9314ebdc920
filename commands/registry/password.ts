import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { newPasswordFlags } from '../../src/cli/login-flags.ts';
import { passwordByCommand } from '../../src/cli/password-command.ts';

export default class RegistryPassword extends BaseCommand {
  static override summary = 'Choose a password by an invitation, or change yours';
  static override description =
    'An invitation or a reset is used up; without one, whoever is logged in says the present password too. The new one has 12 characters or more; at a terminal both are asked for. Every token of the person ends: `registry login` comes next.';

  static override examples = [
    '<%= config.bin %> registry password http://127.0.0.1:8080 --invitation-file pat.invitation --password-file pass',
    '<%= config.bin %> registry password --invitation-file pat.invitation --password-file - --json < pass',
    '<%= config.bin %> registry password --old-password-file pass --password-file pass',
  ];

  static override args = {
    url: Args.string({
      description: 'Such as https://registry.example; that of the context unless given.',
    }),
  };

  static override flags = {
    'invitation-file': Flags.string({
      helpValue: 'FILE|-',
      summary: 'The invitation or reset, kr_….',
    }),
    'old-password-file': Flags.string({
      helpValue: 'FILE|-',
      summary: 'Without an invitation: the present one.',
    }),
    ...newPasswordFlags,
  };

  async run(): Promise<{ url: string }> {
    const { args, flags } = await this.parse(RegistryPassword);
    const url = await passwordByCommand(this, args.url, flags);
    this.print(`The password is set. Log in with: keyline registry login ${url}`);
    return { url };
  }
}

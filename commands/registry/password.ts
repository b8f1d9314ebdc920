import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { newPassword } from '../../src/cli/credentials.ts';
import {
  caFileFlag,
  contextFlag,
  registryChoices,
  registryEffects,
} from '../../src/cli/registry-context-flags.ts';
import { choosePassword } from '../../src/job/choose-password.ts';
import { KeylineError } from '../../src/kernel/errors.ts';

export default class RegistryPassword extends BaseCommand {
  static override summary = 'Choose a password with an invitation or a reset';
  static override description =
    'Uses it up. The password has 12 characters or more; at a terminal it is asked for. Nobody is logged in by this: `registry login` comes next.';

  static override examples = [
    '<%= config.bin %> registry password http://127.0.0.1:8080 --invitation-file pat.invitation --password-file pass',
    '<%= config.bin %> registry password --invitation-file pat.invitation --password-file - --json < pass',
  ];

  static override args = {
    url: Args.string({
      description: 'Such as https://registry.example; that of the context unless given.',
    }),
  };

  static override flags = {
    'invitation-file': Flags.string({
      helpValue: 'FILE|-',
      required: true,
      summary: 'The invitation or reset, kr_….',
    }),
    'password-file': Flags.string({
      helpValue: 'FILE|-',
      summary: 'Read the new password from FILE, or from stdin.',
    }),
    context: contextFlag,
    'ca-file': caFileFlag,
    'insecure-http': Flags.boolean({ summary: 'Plain HTTP beyond this machine.' }),
  };

  async run(): Promise<{ url: string }> {
    const { args, flags } = await this.parse(RegistryPassword);
    const { 'invitation-file': invitationFile, 'password-file': passwordFile } = flags;
    if (invitationFile === '-' && passwordFile === '-') {
      throw new KeylineError('usage', { message: 'standard input can be only one of the files' });
    }
    const choices = registryChoices({ ...flags, registry: args.url });
    const password = () => newPassword(this, passwordFile);
    const url = await choosePassword(
      this.home,
      { invitationFile, password },
      { choices, effects: registryEffects(this) },
    );
    this.print(`The password is set. Log in with: keyline registry login ${url}`);
    return { url };
  }
}

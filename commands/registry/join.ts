import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { newPassword } from '../../src/cli/credentials.ts';
import { newPasswordFlags } from '../../src/cli/login-flags.ts';
import { registryChoices, registryEffects } from '../../src/cli/registry-context-flags.ts';
import { joinAs } from '../../src/job/join-account.ts';

export default class RegistryJoin extends BaseCommand {
  static override summary = 'Join an account that lets people join';
  static override description =
    'As an end-user, where the account says so (`registry account set --registration`). The password has 12 characters or more; at a terminal it is asked for. Nobody is logged in by this: `registry login` comes next.';

  static override examples = [
    '<%= config.bin %> registry join http://127.0.0.1:8080 --account acme --login una --password-file pass',
    '<%= config.bin %> registry join http://127.0.0.1:8080 --account acme --login uwe@acme.example --name "Uwe Urban" --password-file - --json < pass',
  ];

  static override args = {
    url: Args.string({
      description: 'Such as https://registry.example; that of the context unless given.',
    }),
  };

  static override flags = {
    account: Flags.string({ helpValue: 'HANDLE', required: true, summary: 'Which account.' }),
    login: Flags.string({
      ...{ helpValue: 'NAME', required: true },
      summary: 'Log-in name; an address will do.',
    }),
    name: Flags.string({ helpValue: 'TEXT', summary: 'For people; the log-in name unless given.' }),
    ...newPasswordFlags,
  };

  async run(): Promise<{ url: string; login: string }> {
    const { args, flags } = await this.parse(RegistryJoin);
    const { account, login, name = login } = flags;
    const password = () => newPassword(this, flags['password-file']);
    const choices = registryChoices({ ...flags, registry: args.url });
    const effects = registryEffects(this);
    const wish = { account, login, name, password };
    const url = await joinAs(this.home, wish, { choices, effects });
    this.print(`${login} has joined ${account}. Log in with: keyline registry login ${url}`);
    return { url, login };
  }
}

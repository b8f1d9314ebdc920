import { BaseCommand } from '../../../src/cli/base-command.ts';
import { codeFlag, presentCode } from '../../../src/cli/login-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { removeTotp } from '../../../src/job/own-access.ts';

export default class RegistryTotpRemove extends BaseCommand {
  static override summary = 'Take your authenticator away';
  static override description =
    'By a code that it shows. Who lost it asks an admin: `registry user set PERSON --remove-totp`.';

  static override examples = [
    '<%= config.bin %> registry totp remove --code 123456',
    '<%= config.bin %> registry totp remove --code 123456 --json',
  ];

  static override flags = { code: codeFlag, ...registryContextFlags };

  async run(): Promise<{ readonly isEnrolled: boolean }> {
    const { flags } = await this.parse(RegistryTotpRemove);
    const { registry } = await openRegistryFor(this, flags);
    await removeTotp(registry, await presentCode(this, flags.code));
    this.print('Your authenticator is gone: a log-in needs no code any more.');
    return { isEnrolled: false };
  }
}

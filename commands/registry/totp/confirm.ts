import { BaseCommand } from '../../../src/cli/base-command.ts';
import { codeFlag, presentCode } from '../../../src/cli/login-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { confirmTotp } from '../../../src/job/own-access.ts';

export default class RegistryTotpConfirm extends BaseCommand {
  static override summary = 'Enrol the authenticator key that was written to a file';
  static override description = 'By a code of it, which proves that the authenticator has it.';

  static override examples = [
    '<%= config.bin %> registry totp confirm --code 123456',
    '<%= config.bin %> registry totp confirm --code 123456 --json',
  ];

  static override flags = { code: codeFlag, ...registryContextFlags };

  async run(): Promise<{ readonly isEnrolled: boolean }> {
    const { flags } = await this.parse(RegistryTotpConfirm);
    const { registry } = await openRegistryFor(this, flags);
    await confirmTotp(registry, await presentCode(this, flags.code));
    this.print('Your authenticator is enrolled: a log-in needs its code from now on.');
    return { isEnrolled: true };
  }
}

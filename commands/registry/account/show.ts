import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeAccount } from '../../../src/cli/describe-member.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import type { AccountDetails } from '../../../src/job/set-account.ts';

export default class RegistryAccountShow extends BaseCommand {
  static override summary = 'Show the account that one is logged in to';

  static override examples = [
    '<%= config.bin %> registry account show',
    '<%= config.bin %> registry account show --json',
  ];

  static override flags = registryContextFlags;

  async run(): Promise<AccountDetails> {
    const { flags } = await this.parse(RegistryAccountShow);
    const { registry } = await openRegistryFor(this, flags);
    const account = await registry.account();
    this.print(describeAccount(account));
    return account;
  }
}

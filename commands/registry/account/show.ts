import { BaseCommand } from '../../../src/cli/base-command.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { facts } from '../../../src/cli/table.ts';
import { printable } from '../../../src/kernel/printable.ts';
import type { RegistryAccount } from '../../../src/job/invite.ts';

export default class RegistryAccountShow extends BaseCommand {
  static override summary = 'Show the account that one is logged in to';

  static override examples = [
    '<%= config.bin %> registry account show',
    '<%= config.bin %> registry account show --json',
  ];

  static override flags = registryContextFlags;

  async run(): Promise<RegistryAccount> {
    const { flags } = await this.parse(RegistryAccountShow);
    const { registry } = await openRegistryFor(this, flags);
    const account = await registry.account();
    this.print(
      facts([
        ['account', account.handle],
        ['name', printable(account.name)],
        ['id', account.id],
        ['keys', account.isTest ? 'test keys alone' : 'no test keys'],
      ]),
    );
    return account;
  }
}

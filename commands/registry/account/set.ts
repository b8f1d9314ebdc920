import { Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeAccount } from '../../../src/cli/describe-member.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { setAccount } from '../../../src/job/set-account.ts';
import type { AccountDetails } from '../../../src/job/set-account.ts';

export default class RegistryAccountSet extends BaseCommand {
  static override summary = 'Change what the account asks for and allows';

  static override examples = [
    '<%= config.bin %> registry account set --registration',
    '<%= config.bin %> registry account set --no-registration --receiving --json',
    '<%= config.bin %> registry account set --name "Acme Meters"',
  ];

  static override flags = {
    name: Flags.string({ helpValue: 'TEXT', summary: 'What it is called; the handle stays.' }),
    receiving: Flags.boolean({ allowNo: true, summary: 'Others may offer it devices.' }),
    totp: Flags.boolean({ allowNo: true, summary: 'Its admins need an authenticator.' }),
    registration: Flags.boolean({ allowNo: true, summary: 'People may join as end-users.' }),
    ...registryContextFlags,
  };

  async run(): Promise<AccountDetails> {
    const { flags } = await this.parse(RegistryAccountSet);
    const { name, receiving: isReceiving, totp: needsTotp, registration } = flags;
    const { registry } = await openRegistryFor(this, flags);
    const wish = { name, isReceiving, needsTotp, allowsRegistration: registration };
    const account = await setAccount(registry, wish);
    this.print(describeAccount(account));
    return account;
  }
}

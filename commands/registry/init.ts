import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { registryFlags } from '../../src/cli/registry-flags.ts';
import { facts } from '../../src/cli/table.ts';
import type { InitResult } from '../../src/service/init-registry.ts';

export default class RegistryInit extends BaseCommand {
  static override summary = 'Make a registry and its first admin';
  static override description =
    'Makes the tables in an empty database, the master key file where there is none, and an admin who creates accounts. Keep the master key apart from the database and its backups: it opens the owner keys in there.';

  static override examples = [
    '<%= config.bin %> registry init --database new.sqlite --master-key-file new.key --admin root --admin-password-file pass',
    '<%= config.bin %> registry init --database ci.sqlite --master-key-file ci.key --admin root --admin-password-file pass --json',
  ];

  static override flags = {
    ...registryFlags,
    admin: Flags.string({
      required: true,
      helpValue: 'NAME',
      summary: 'Log-in name of the first admin.',
    }),
    'admin-password-file': Flags.string({
      required: true,
      helpValue: 'FILE',
      summary: 'The admin’s password, 12 characters or more.',
    }),
  };

  async run(): Promise<InitResult> {
    const { flags } = await this.parse(RegistryInit);
    const { initRegistry } = await import('../../src/service/init-registry.ts');
    const { database, admin } = flags;
    const result = await initRegistry({
      ...{ database, admin },
      masterKeyFile: flags['master-key-file'],
      adminPasswordFile: flags['admin-password-file'],
    });
    this.print(
      facts([
        ['admin', result.admin],
        ['account', result.accountId],
        ['master key', flags['master-key-file']],
      ]),
    );
    return result;
  }
}

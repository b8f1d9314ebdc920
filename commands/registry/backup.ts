import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { outputFlags } from '../../src/cli/flags.ts';
import { registryFlags } from '../../src/cli/registry-flags.ts';
import { facts } from '../../src/cli/table.ts';
import type { Backup } from '../../src/service/backup-registry.ts';

export default class RegistryBackup extends BaseCommand {
  static override summary = 'Write a registry into one file while it is served';
  static override description =
    'The file is the registry as it was at one moment, read again and found whole, for its owner only. The master key is not in it: keep the two apart. A registry on PostgreSQL is backed up with pg_dump or point-in-time recovery.';

  static override examples = [
    '<%= config.bin %> registry backup -o registry.backup',
    '<%= config.bin %> registry backup --database registry.sqlite -o registry.backup --force --json',
  ];

  static override flags = {
    database: registryFlags.database,
    output: Flags.string({ char: 'o', helpValue: 'FILE', required: true, summary: 'Where to.' }),
    force: outputFlags.force,
  };

  async run(): Promise<Backup> {
    const { flags } = await this.parse(RegistryBackup);
    const { backupRegistry } = await import('../../src/service/backup-registry.ts');
    const backup = await backupRegistry(flags);
    this.print(
      facts([
        ['file', backup.file],
        ['bytes', backup.sizeBytes],
        ['accounts', backup.accounts],
        ['devices', backup.devices],
        ['epoch', backup.epoch],
      ]),
    );
    return backup;
  }
}

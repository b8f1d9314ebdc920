import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { yesFlag } from '../../src/cli/flags.ts';
import { registryFlags } from '../../src/cli/registry-flags.ts';
import { facts } from '../../src/cli/table.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import type { Restored } from '../../src/service/restore-registry.ts';

export default class RegistryRestore extends BaseCommand {
  static override summary = 'Put a backup in the place of a registry';
  static override description =
    'Begins a new epoch: who follows a feed of events gets 410 for an old position, reads the resources anew and goes on from 0; everyone logs in again. A registry that is there is set aside with --force, never deleted. On PostgreSQL restore by its own means, then run this with --new-epoch.';

  static override examples = [
    '<%= config.bin %> registry restore old.backup --database restored.sqlite',
    '<%= config.bin %> registry restore old.backup --force --dry-run',
    '<%= config.bin %> registry restore --new-epoch --yes',
  ];

  static override args = {
    backup: Args.string({ description: 'A file that `registry backup` wrote.' }),
  };

  static override flags = {
    ...registryFlags,
    'new-epoch': Flags.boolean({
      default: false,
      summary: 'The database was restored already, by other means.',
    }),
    force: Flags.boolean({ summary: 'Set aside the registry that is there.' }),
    'dry-run': Flags.boolean({ summary: 'Check everything and change nothing.' }),
    yes: yesFlag,
  };

  async run(): Promise<Partial<Restored>> {
    const { args, flags } = await this.parse(RegistryRestore);
    const { database, force, 'dry-run': dryRun, 'new-epoch': isRestored } = flags;
    if ((args.backup === undefined) !== isRestored) {
      throw new KeylineError('usage', { message: 'give either a backup or --new-epoch' });
    }
    const { beginNewEpoch, restoreRegistry } =
      await import('../../src/service/restore-registry.ts');
    const choices = { database, force, dryRun, masterKeyFile: flags['master-key-file'] };
    const question = `Begin a new epoch of ${database}, and have everyone log in again?`;
    if (!dryRun && (force || isRestored)) await this.confirm(question, flags.yes);
    const { backup } = args;
    const restored: Partial<Restored> =
      backup === undefined
        ? await beginNewEpoch(choices)
        : await restoreRegistry({ ...choices, backup });
    this.print(
      facts([
        ['database', restored.database],
        ['devices', restored.backup?.devices],
        ['epoch', restored.epoch ?? 'unchanged: dry run'],
        ['set aside', restored.setAside],
      ]),
    );
    return restored;
  }
}

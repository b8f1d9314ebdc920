import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { keyFlags, lazyCredentials } from '../../src/cli/credentials.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import { catchUp } from '../../src/cli/station-registry.ts';
import type { CaughtUp } from '../../src/cli/station-registry.ts';

export default class StationRegister extends BaseCommand {
  static override summary = 'Register what passed at this station';
  static override description =
    'Catches up with what `station run --register` could not tell a registry, or tells it all. The ledger says what passed; the registry is told once more of nothing that it knows. Exits 6 where it refused units.';

  static override examples = [
    '<%= config.bin %> station register A1',
    '<%= config.bin %> station register A1 --all --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    all: Flags.boolean({ summary: 'From the ledger’s first event on, whatever was told before.' }),
    ...registryContextFlags,
    ...keyFlags,
  };

  async run(): Promise<CaughtUp> {
    const { args, flags } = await this.parse(StationRegister);
    const opened = await openRegistryFor(this, flags);
    const credentials = lazyCredentials(this, flags);
    return await catchUp(this, opened, { ...args, all: flags.all, credentials });
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { keyFlags, lazyCredentials } from '../../src/cli/credentials.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import { registerForCommand } from '../../src/cli/register-devices.ts';
import type { Registered } from '../../src/job/register-manifest.ts';

export default class EscrowRegister extends BaseCommand {
  static override summary = 'Register the devices of a lot or a manifest';
  static override description =
    'A file is sent with the seal beside it; a lot’s planned manifest is made on the way. Cut short, the same command goes on where it was; registering again changes nothing. Exits 6 where rows were refused.';

  static override examples = [
    '<%= config.bin %> escrow register A1',
    '<%= config.bin %> escrow register lot.csv --failed lot.failed.ndjson',
    '<%= config.bin %> escrow register lot.csv --rows lot.failed.ndjson',
  ];

  static override args = {
    source: Args.string({ required: true, description: 'A manifest file, or a lot.' }),
  };

  static override flags = {
    failed: Flags.string({
      helpValue: 'FILE',
      summary: 'Where rows that were refused are noted.',
      default: 'failed-rows.ndjson',
    }),
    outcomes: Flags.string({
      helpValue: 'FILE',
      summary: 'Note what became of every row.',
    }),
    rows: Flags.string({
      helpValue: 'FILE',
      summary: 'Only the rows that failed by this file of an earlier call.',
    }),
    ...registryContextFlags,
    ...keyFlags,
  };

  async run(): Promise<Registered> {
    const { args, flags } = await this.parse(EscrowRegister);
    const credentials = lazyCredentials(this, flags);
    const { registry } = await openRegistryFor(this, flags);
    const { failed, outcomes, rows } = flags;
    const wishes = { ...args, failed, outcomes, rows, registry, credentials };
    return await registerForCommand(this, wishes);
  }
}

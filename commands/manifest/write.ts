import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { rangeFlag } from '../../src/cli/flags.ts';
import {
  builtFlags,
  manifestFlags,
  secretFlags,
  splitColumns,
  writeBuiltForCommand,
  writeForCommand,
} from '../../src/cli/manifest-flags.ts';
import { bookOf, openLot } from '../../src/job/open-lot.ts';
import { operatorName } from '../../src/job/operator.ts';
import { protectedFiles } from '../../src/job/protected-files.ts';
import type { WrittenBuilt } from '../../src/job/write-built.ts';
import type { WrittenManifest } from '../../src/job/write-manifest.ts';

export default class ManifestWrite extends BaseCommand {
  static override summary = 'Write the manifest of a lot, and its seal';
  static override description =
    'Without -o the file is named after the lot, such as A1.csv, and FILE.seal is its seal. Secrets leave only with --with-secrets, which enters the range in the allocation book before the first byte. --as-built writes what the station’s ledger has as verified, and A1-as-built.csv.';

  static override examples = [
    '<%= config.bin %> manifest write A1 -o units.csv',
    '<%= config.bin %> manifest write A1 --range 0-999 --columns serial,endpoint_key:hex -o part.csv',
    '<%= config.bin %> manifest write A1 --with-secrets --plaintext --range 0-9 -o secrets.csv',
    '<%= config.bin %> manifest write A1 --as-built -o built.csv',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    range: rangeFlag(),
    ...manifestFlags,
    ...builtFlags,
    ...secretFlags,
    ...keyFlags,
  };

  async run(): Promise<WrittenManifest | WrittenBuilt> {
    const { args, flags } = await this.parse(ManifestWrite);
    const credentials = commandCredentials(this, flags);
    await using open = await openLot(this.home, args.lot, credentials);
    for (const text of open.warnings) this.warning(text);
    const { why, again, columns, recipient: recipients, 'with-secrets': withSecrets } = flags;
    const purpose = 'manifest' as const;
    const inputs = protectedFiles(this.home, credentials);
    const choices = { ...flags, recipients, withSecrets, columns: splitColumns(columns) };
    if (flags['as-built']) {
      return await writeBuiltForCommand(this, { open, ledgers: flags.ledger, choices, inputs });
    }
    return await writeForCommand(this, {
      open,
      choices,
      effects: {
        allocate: (range, reference) =>
          bookOf(this.home, open.lot).allocate({
            ...{ range, purpose, who: operatorName(), why, again, reference },
          }),
        inputs,
      },
    });
  }
}

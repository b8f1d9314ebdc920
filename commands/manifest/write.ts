import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { rangeFlag } from '../../src/cli/flags.ts';
import {
  manifestFlags,
  secretFlags,
  splitColumns,
  writeForCommand,
} from '../../src/cli/manifest-flags.ts';
import { bookOf, openLot } from '../../src/job/open-lot.ts';
import { operatorName } from '../../src/job/operator.ts';
import { protectedFiles } from '../../src/job/protected-files.ts';
import type { WrittenManifest } from '../../src/job/write-manifest.ts';

export default class ManifestWrite extends BaseCommand {
  static override summary = 'Write the manifest of a lot, and its seal';
  static override description =
    'Without -o the file is named after the lot, such as A1.csv, and FILE.seal is its seal. Secrets leave only with --with-secrets, which enters the range in the allocation book before the first byte.';

  static override examples = [
    '<%= config.bin %> manifest write A1 -o units.csv',
    '<%= config.bin %> manifest write A1 --range 0-999 --columns serial,endpoint_key:hex -o part.csv',
    '<%= config.bin %> manifest write A1 --with-secrets --plaintext --range 0-9 -o secrets.csv',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    range: rangeFlag(),
    ...manifestFlags,
    ...secretFlags,
    ...keyFlags,
  };

  async run(): Promise<WrittenManifest> {
    const { args, flags } = await this.parse(ManifestWrite);
    const credentials = commandCredentials(this, flags);
    await using open = await openLot(this.home, args.lot, credentials);
    for (const text of open.warnings) this.warning(text);
    const { why, again, columns, recipient: recipients, 'with-secrets': withSecrets } = flags;
    const purpose = 'manifest' as const;
    return await writeForCommand(this, {
      open,
      choices: { ...flags, recipients, withSecrets, columns: splitColumns(columns) },
      effects: {
        allocate: (range, reference) =>
          bookOf(this.home, open.lot).allocate({
            ...{ range, purpose, who: operatorName(), why, again, reference },
          }),
        inputs: protectedFiles(this.home, credentials),
      },
    });
  }
}

import { Flags } from '@oclif/core';
import { BaseCommand } from '../src/cli/base-command.ts';
import { countFlag } from '../src/cli/flags.ts';
import { manifestFlags, splitColumns, writeForCommand } from '../src/cli/manifest-flags.ts';
import { BATCH_TIME, openBatch } from '../src/job/make-batch.ts';
import { protectedFiles } from '../src/job/protected-files.ts';
import type { WrittenManifest } from '../src/job/write-manifest.ts';
import { KeylineError } from '../src/kernel/errors.ts';
import { SCHEMES } from '../src/model/lot.ts';

export default class Batch extends BaseCommand {
  static override summary = 'Make test units under a throw-away key';
  static override description =
    'Rows with secrets, of a key that is kept nowhere and marked as a test key in the seal. Without -o they go to standard output.';

  static override examples = [
    '<%= config.bin %> batch --count 1000 -o test.csv',
    '<%= config.bin %> batch --count 5 --scheme p256 --format ndjson -o -',
    '<%= config.bin %> batch --count 100 --columns serial,endpoint_key,endpoint_secret:hex -o hex.csv',
  ];

  static override flags = {
    count: countFlag({ required: true, summary: 'How many units.' }),
    scheme: Flags.option({
      options: SCHEMES,
      default: 'psk' as const,
      summary: 'How credentials are made.',
    })(),
    'seed-file': Flags.string({
      helpValue: 'FILE',
      summary: 'Make the batch that this secret file always makes.',
    }),
    ...manifestFlags,
  };

  async run(): Promise<WrittenManifest> {
    const { flags } = await this.parse(Batch);
    const { count, scheme, columns, 'seed-file': seedFile, output = '-' } = flags;
    if (flags.output === undefined && process.stdout.isTTY) {
      throw new KeylineError('secret-to-terminal', {
        message: 'a batch holds secrets, if only of a test key, and this is a terminal',
      });
    }
    const inputs = [...protectedFiles(this.home), ...(seedFile === undefined ? [] : [seedFile])];
    await using open = await openBatch({ count, scheme, seedFile });
    return await writeForCommand(this, {
      open,
      choices: {
        ...{ ...flags, output, columns: splitColumns(columns) },
        ...{ withSecrets: true, recipients: [], plaintext: true },
      },
      effects: { inputs, sealedAt: BATCH_TIME },
    });
  }
}

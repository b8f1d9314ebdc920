import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeChecked, refuseDefects } from '../../src/cli/manifest-report.ts';
import { createProgress } from '../../src/cli/progress.ts';
import { checkManifest } from '../../src/job/check-manifest.ts';
import type { CheckedManifest } from '../../src/job/check-manifest.ts';

export default class ManifestCheck extends BaseCommand {
  static override summary = 'Find every defect of a manifest';
  static override description =
    'Reads plain, gzip and age files. With credentials for the lot of the seal, or with --lot, every value is derived again. Exits 3 where there is a defect.';

  static override examples = [
    '<%= config.bin %> manifest check lot.csv',
    '<%= config.bin %> manifest check lot.csv --lot A1',
    '<%= config.bin %> manifest check lot.csv --seal lot.csv.seal',
  ];

  static override args = { file: Args.string({ required: true, description: 'FILE, or -.' }) };

  static override flags = {
    key: Flags.string({ helpValue: 'kp_…', summary: 'The key to which the seal must lead.' }),
    seal: Flags.string({ helpValue: 'FILE', summary: 'The seal, if not FILE.seal.' }),
    lot: Flags.string({ helpValue: 'LOT', summary: 'Derive every value again from this lot.' }),
    ...keyFlags,
  };

  async run(): Promise<CheckedManifest> {
    const { args, flags } = await this.parse(ManifestCheck);
    const { identity, 'passphrase-file': passphraseFile } = flags;
    const { KEYLINE_IDENTITY_FILE, KEYLINE_PASSPHRASE_FILE } = process.env;
    const given = identity ?? passphraseFile ?? (KEYLINE_IDENTITY_FILE || KEYLINE_PASSPHRASE_FILE);
    const stream = this.jsonEnabled() ? { write: () => true } : process.stderr;
    let progress: ReturnType<typeof createProgress> | undefined;
    const checked = await checkManifest(
      { file: args.file, ...flags },
      {
        home: this.home,
        credentials: () => commandCredentials(this, flags),
        hasCredentials: Boolean(given),
        signal: this.signal,
        warn: (message) => {
          this.warning(message);
        },
        onProgress: (done, total) => {
          progress ??= createProgress('Checking', total, stream);
          progress.update(done);
        },
      },
    ).finally(() => progress?.end());
    this.print(describeChecked(checked));
    refuseDefects(checked);
    return checked;
  }
}

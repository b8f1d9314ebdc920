import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { formatUnits } from '../../src/cli/describe-lot.ts';
import { readGrantFile } from '../../src/cli/grant-input.ts';
import { provisioningKeyFlag } from '../../src/cli/key-flags.ts';
import { facts } from '../../src/cli/table.ts';
import { importLot } from '../../src/job/import-lot.ts';
import type { ImportedLot } from '../../src/job/import-lot.ts';

export default class LotImport extends BaseCommand {
  static override summary = 'Take a lot’s descriptor, or a grant';
  static override description =
    'FILE is what `lot export` or `lot grant` wrote. A grant is opened by this machine’s station.';

  static override examples = [
    '<%= config.bin %> lot import A1.lot',
    '<%= config.bin %> lot import A1.grant',
  ];

  static override args = {
    file: Args.string({ required: true, description: 'The file, or - for stdin.' }),
  };

  static override flags = {
    key: provisioningKeyFlag({ summary: 'Refuse a lot of another provisioning key.' }),
    'group-key-file': Flags.string({
      helpValue: 'FILE',
      summary: 'azure-dps: the lot’s imported enrollment group key.',
    }),
    ...keyFlags,
  };

  async run(): Promise<Omit<ImportedLot, 'warnings'>> {
    const { args, flags } = await this.parse(LotImport);
    using content = await readGrantFile(args.file, [flags['passphrase-file']]);
    const { warnings, ...imported } = await importLot(this.home, content, {
      expectKey: flags.key,
      groupKeyFile: flags['group-key-file'],
      credentials: () => commandCredentials(this, flags),
    });
    for (const text of warnings) this.warning(text);
    const { lot, grant, added } = imported;
    this.print(
      facts([
        ['lot', `${lot.code}${added ? '' : ' (nothing new: it was here already)'}`],
        ['id', lot.lotId],
        ['key', lot.provisioningKey],
        ['granted', grant?.ranges.map(formatUnits).join(', ')],
        ['until', grant?.notAfter],
      ]),
    );
    return imported;
  }
}

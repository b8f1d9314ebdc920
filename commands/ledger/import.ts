import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeImported } from '../../src/cli/describe-ledger.ts';
import { importFlags } from '../../src/cli/ledger-flags.ts';
import { parseLogMap } from '../../src/job/board-log.ts';
import { importLedger } from '../../src/job/import-ledger.ts';
import type { ImportedLog } from '../../src/job/import-ledger.ts';

export default class LedgerImport extends BaseCommand {
  static override summary = 'Take in boards that were written elsewhere';
  static override description =
    'LOG is a CSV file with a header line, from a gang programmer or a distributor who got a secret manifest. All rows are recorded, with evidence `external`, or none; what is known already changes nothing.';

  static override examples = [
    '<%= config.bin %> ledger import gang.log --map serial=SN,result=RES,hardwareId=MAC --allocation gang.csv.age',
    '<%= config.bin %> ledger import gang.log --map serial=SN,result=RES,hardwareId=MAC,firmware=FW --allocation gang.csv.age --json',
  ];

  static override args = { log: Args.string({ required: true, description: 'A CSV file.' }) };

  static override flags = { ...importFlags, ...keyFlags };

  async run(): Promise<ImportedLog> {
    const { args, flags } = await this.parse(LedgerImport);
    const request = { ...flags, log: args.log, map: parseLogMap(flags.map) };
    const credentials = commandCredentials(this, flags);
    const toolVersion = this.config.version;
    const imported = await importLedger(this.home, request, { credentials, toolVersion });
    this.print(describeImported(imported));
    return imported;
  }
}

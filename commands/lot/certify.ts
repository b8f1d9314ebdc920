import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { describeLot } from '../../src/cli/describe-lot.ts';
import { readInputFile } from '../../src/cli/input-file.ts';
import { certifyLot } from '../../src/job/certify-lot.ts';
import { showLot } from '../../src/job/show-lot.ts';
import type { LotReport } from '../../src/job/show-lot.ts';

export default class LotCertify extends BaseCommand {
  static override summary = 'Finish a lot with the certificate of its CA';
  static override description =
    'CHAIN holds the certificate that was issued for the request of `lot create --csr`, then its issuers, in PEM.';

  static override examples = [
    '<%= config.bin %> lot certify C1 chain.pem',
    'cat chain.pem | <%= config.bin %> lot certify C1 -',
  ];

  static override args = {
    lot: Args.string({ required: true, description: 'Code or id.' }),
    chain: Args.string({ required: true, description: 'PEM file, or - for stdin.' }),
  };

  static override flags = keyFlags;

  async run(): Promise<LotReport> {
    const { args, flags } = await this.parse(LotCertify);
    using content = await readInputFile(args.chain, [flags['passphrase-file']]);
    const pem = content.use((bytes) => Buffer.from(bytes).toString('latin1'));
    const credentials = commandCredentials(this, flags);
    const lot = await certifyLot(this.home, { lot: args.lot, pem }, credentials);
    const report = await showLot(this.home, lot.lotId);
    this.print(describeLot(report));
    return report;
  }
}

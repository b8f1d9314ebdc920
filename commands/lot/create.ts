import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { outputFlags } from '../../src/cli/flags.ts';
import { lotFlags, lotRequest } from '../../src/cli/lot-flags.ts';
import { describeLot } from '../../src/cli/describe-lot.ts';
import { createLotFor } from '../../src/job/create-lot-for.ts';
import type { LotReport } from '../../src/job/show-lot.ts';

export default class LotCreate extends BaseCommand {
  static override summary = 'Open a lot of units';
  static override description =
    'Serials are a template with the numbers from --first on. They may not meet those of another lot under the same key.';

  static override examples = [
    '<%= config.bin %> lot create B1 --size 50000 --serial ACME-B1-{n:8}',
    '<%= config.bin %> lot create B2 --scheme ed25519 --size 5000 --spare 100 --serial B2{x:6} --model "Meter 2" --attribute hw=2.1',
    '<%= config.bin %> lot create B3 --scheme x509-p256 --self-signed --size 1000 --serial 44{n:8}{luhn}',
  ];

  static override args = { code: Args.string({ description: 'The lot’s name.' }) };

  static override flags = { ...lotFlags, force: outputFlags.force, ...keyFlags };

  async run(): Promise<LotReport> {
    const { args, flags } = await this.parse(LotCreate);
    const request = lotRequest(args.code, flags);
    const { report, warnings } = await createLotFor(this.home, request, {
      credentials: commandCredentials(this, flags),
      signal: this.signal,
      csr: flags.csr === undefined ? undefined : { path: flags.csr, force: flags.force },
    });
    for (const text of warnings) this.warning(text);
    this.print(describeLot(report));
    if (flags.csr !== undefined) {
      this.print(
        `\nThe request is in ${flags.csr}. Finish with: lot certify ${request.code} CHAIN.pem`,
      );
    }
    return report;
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { formatUnits } from '../../src/cli/describe-lot.ts';
import { outputFlags, rangeFlag } from '../../src/cli/flags.ts';
import { readInputFile } from '../../src/cli/input-file.ts';
import { facts } from '../../src/cli/table.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import type { Granted } from '../../src/job/grant-lot.ts';
import { parseDate } from '../../src/model/dates.ts';

export default class LotGrant extends BaseCommand {
  static override summary = 'Let a station derive some units of a lot';
  static override description =
    'The range is rounded to blocks of 4,096 units and enters the allocation book. The file opens on that station only.';

  static override examples = [
    '<%= config.bin %> lot grant A1 --station station.card --range 4096-8191 -o A1.grant',
    '<%= config.bin %> lot grant A1 --station station.card --range 4096-8191 --again "disk lost" --not-after 2099-12-31 -o again.grant',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    station: Flags.string({ required: true, helpValue: 'CARD', summary: 'The station’s card.' }),
    range: rangeFlag({ required: true, summary: 'The units A to B, both included.' }),
    'not-after': Flags.string({ helpValue: 'DATE', summary: 'In 90 days unless given.' }),
    issue: Flags.boolean({ summary: 'x509-p256: give the lot’s CA key instead of certificates.' }),
    why: Flags.string({ helpValue: 'TEXT', summary: 'What the grant is for.' }),
    again: Flags.string({ helpValue: 'REASON', summary: 'Let units that left leave once more.' }),
    output: Flags.string({ char: 'o', helpValue: 'FILE', required: true, summary: 'The grant.' }),
    force: outputFlags.force,
    ...keyFlags,
  };

  async run(): Promise<Granted> {
    const { args, flags } = await this.parse(LotGrant);
    using card = await readInputFile(flags.station, [flags['passphrase-file']]);
    const { range, issue, why, again, output, force, 'not-after': notAfter } = flags;
    const request = {
      ...{ lot: args.lot, range, issue, why, again, output: { path: output, force } },
      card: card.use((bytes) => Buffer.from(bytes).toString('latin1')),
      notAfter: notAfter === undefined ? undefined : parseDate(notAfter, 'last second'),
    };
    const credentials = commandCredentials(this, flags);
    const effects = { credentials, signal: this.signal, inputs: [flags.station] };
    const granted = await grantLot(this.home, request, effects);
    const rounded = granted.range.from !== range.from || granted.range.count !== range.count;
    if (rounded) this.warning(`rounded to whole blocks: units ${formatUnits(granted.range)}`);
    const { grantId, station } = granted;
    const units = formatUnits(granted.range);
    const lines = { grant: grantId, station, units, until: granted.notAfter, file: output };
    if (output !== '-') this.print(facts(Object.entries(lines)));
    return granted;
  }
}

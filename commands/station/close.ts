import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { formatUnits } from '../../src/cli/describe-lot.ts';
import { outputFlags, yesFlag } from '../../src/cli/flags.ts';
import { grouped } from '../../src/cli/progress.ts';
import { facts } from '../../src/cli/table.ts';
import { closeStation } from '../../src/job/close-station.ts';
import type { ClosedStation } from '../../src/job/close-station.ts';
import { requireReason } from '../../src/job/settle-units.ts';

export default class StationClose extends BaseCommand {
  static override summary = 'Give back the units of a lot that were never used';
  static override description =
    'They are surrendered in the ledger, so that this station can give them to no device any more, and stated over its signature. Send FILE to the owner of the lot, who takes them back with `lot reclaim`.';

  static override examples = [
    '<%= config.bin %> station close A1 --yes -o A1.return',
    '<%= config.bin %> station close A1 --reason "order is complete" --yes -o A1.return --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    reason: Flags.string({
      helpValue: 'TEXT',
      default: 'the station is done with the lot',
      summary: 'Why; goes on record.',
    }),
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE',
      required: true,
      summary: 'The statement.',
    }),
    force: outputFlags.force,
    yes: yesFlag,
    witness: Flags.string({ helpValue: 'FILE', summary: 'Keep the ledger’s head in FILE too.' }),
    ...keyFlags,
  };

  async run(): Promise<ClosedStation> {
    const { args, flags } = await this.parse(StationClose);
    const { output: path, force, witness, yes } = flags;
    const reason = requireReason(flags.reason);
    const credentials = commandCredentials(this, flags);
    await this.confirm(`Give back all units of lot ${args.lot} that were never used?`, yes);
    const request = { lot: args.lot, reason, witness, output: { path, force } };
    const toolVersion = this.config.version;
    const effects = { credentials, toolVersion, signal: this.signal };
    const done = await closeStation(this.home, request, effects);
    if (done.open > 0) {
      this.warning(`${grouped(done.open)} units of the lot are begun and not done`);
    }
    const units = done.ranges.map(formatUnits).join(', ');
    const lines = { station: done.station, 'given back': grouped(done.count), units, file: path };
    if (path !== '-') this.print(facts(Object.entries(lines)));
    return done;
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { formatUnits } from '../../src/cli/describe-lot.ts';
import { yesFlag } from '../../src/cli/flags.ts';
import { readInputFile } from '../../src/cli/input-file.ts';
import { grouped } from '../../src/cli/progress.ts';
import { facts } from '../../src/cli/table.ts';
import { reclaimUnits } from '../../src/job/reclaim-units.ts';
import type { Reclaimed } from '../../src/job/reclaim-units.ts';

export default class LotReclaim extends BaseCommand {
  static override summary = 'Take back units that a station never used';
  static override description =
    'STATEMENT is what `station close` wrote. It must be signed by the station of a grant in the allocation book; its units are then free to leave the lot again. A station keeps what it could derive, so this rests on its word.';

  static override examples = [
    '<%= config.bin %> lot reclaim R1.return --dry-run',
    '<%= config.bin %> lot reclaim R1.return --yes',
  ];

  static override args = {
    statement: Args.string({ required: true, description: 'The file, or - for stdin.' }),
  };

  static override flags = {
    'dry-run': Flags.boolean({ summary: 'Only check it and say what would come back.' }),
    yes: yesFlag,
  };

  async run(): Promise<Reclaimed> {
    const { args, flags } = await this.parse(LotReclaim);
    using content = await readInputFile(args.statement);
    const text = content.use((bytes) => Buffer.from(bytes).toString('latin1'));
    const trial = await reclaimUnits(this.home, text, { dryRun: true });
    const dryRun = flags['dry-run'];
    if (!dryRun) {
      const what = `${grouped(trial.count)} units of lot ${trial.lot}`;
      await this.confirm(`Take back ${what} from station ${trial.station}?`, flags.yes);
      await reclaimUnits(this.home, text, { dryRun });
    }
    const { lot, station, stationKey, count } = trial;
    const units = trial.ranges.map(formatUnits).join(', ');
    const title = dryRun ? 'would come back' : 'came back';
    const lines = { lot, station, 'station key': stationKey, [title]: grouped(count), units };
    this.print(facts(Object.entries(lines)));
    return { ...trial, dryRun };
  }
}

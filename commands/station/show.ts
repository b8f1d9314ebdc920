import { BaseCommand } from '../../src/cli/base-command.ts';
import { cardOutput, reportStation } from '../../src/cli/describe-station.ts';
import type { StationReport } from '../../src/cli/describe-station.ts';
import { outputFlags } from '../../src/cli/flags.ts';
import { showStation } from '../../src/job/station-show.ts';

export default class StationShow extends BaseCommand {
  static override summary = 'Show this machine’s station card';

  static override examples = [
    '<%= config.bin %> station show',
    '<%= config.bin %> station show -o station.card --force',
  ];

  static override flags = { ...outputFlags };

  async run(): Promise<StationReport> {
    const { flags } = await this.parse(StationShow);
    const station = await showStation(this.home, cardOutput(flags));
    return reportStation(this, station, flags.output);
  }
}

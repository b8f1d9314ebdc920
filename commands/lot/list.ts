import { BaseCommand } from '../../src/cli/base-command.ts';
import { tabulateLots } from '../../src/cli/describe-lot.ts';
import { listLots } from '../../src/job/show-lot.ts';
import type { LotReport } from '../../src/job/show-lot.ts';

export default class LotList extends BaseCommand {
  static override summary = 'List the lots of this home';

  static override examples = ['<%= config.bin %> lot list', '<%= config.bin %> lot list --json'];

  async run(): Promise<readonly LotReport[]> {
    await this.parse(LotList);
    const { lots, damaged } = await listLots(this.home);
    for (const { lotId, problem } of damaged) this.warning(`lot ${lotId} is left out: ${problem}`);
    this.print(
      lots.length > 0
        ? tabulateLots(lots)
        : 'There is no lot yet; open one with `keyline lot create`.',
    );
    return lots;
  }
}

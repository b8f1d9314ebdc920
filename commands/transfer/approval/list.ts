import { BaseCommand } from '../../../src/cli/base-command.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { table } from '../../../src/cli/table.ts';
import { gather } from '../../../src/job/list-transfers.ts';
import type { StandingApproval } from '../../../src/job/list-transfers.ts';

export default class TransferApprovalList extends BaseCommand {
  static override summary = 'List accounts whose devices are accepted unasked';

  static override examples = [
    '<%= config.bin %> transfer approval list',
    '<%= config.bin %> transfer approval list --json',
  ];

  static override flags = registryContextFlags;

  async run(): Promise<readonly StandingApproval[]> {
    const { flags } = await this.parse(TransferApprovalList);
    const { transfers } = (await openRegistryFor(this, flags)).registry;
    const { rows } = await gather(transfers.approvals(), Number.POSITIVE_INFINITY);
    this.print(
      rows.length === 0
        ? 'Every offer waits for a decision.'
        : table(rows, [
            { title: 'from', value: ({ from }) => from },
            { title: 'since', value: ({ createdAt }) => createdAt },
          ]),
    );
    return rows;
  }
}

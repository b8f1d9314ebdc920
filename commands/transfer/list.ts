import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { tabulateTransfers } from '../../src/cli/describe-transfer.ts';
import { countFlag } from '../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import { listTransfers } from '../../src/job/list-transfers.ts';
import type { RegistryTransfer } from '../../src/job/list-transfers.ts';
import { TRANSFER_STATES } from '../../src/model/transfer-state.ts';

export default class TransferList extends BaseCommand {
  static override summary = 'List transfers, given and got';

  static override examples = [
    '<%= config.bin %> transfer list',
    '<%= config.bin %> transfer list --as destination --state open --json',
  ];

  static override flags = {
    as: Flags.option({
      options: ['source', 'destination'] as const,
      summary: 'Only those that are given, or those that are got.',
    })(),
    state: Flags.option({ options: TRANSFER_STATES, summary: 'Only those in this state.' })(),
    limit: countFlag({ default: 100, summary: 'How many at most, the newest.' }),
    ...registryContextFlags,
  };

  async run(): Promise<readonly RegistryTransfer[]> {
    const { flags } = await this.parse(TransferList);
    const { as, state, limit } = flags;
    const { registry } = await openRegistryFor(this, flags);
    const { transfers, isMore } = await listTransfers(registry.transfers, { as, state, limit });
    if (isMore) this.warning(`there are more than ${limit}; --limit N shows more`);
    const { handle } = await registry.account();
    this.print(
      transfers.length > 0 ? tabulateTransfers(transfers, handle) : 'There is no transfer.',
    );
    return transfers;
  }
}

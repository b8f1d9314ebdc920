import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeCounts } from '../../src/cli/describe-fleet.ts';
import {
  deviceFilter,
  deviceFilterFlags,
  escrowStateFlag,
} from '../../src/cli/device-filter-flags.ts';
import { listByCommand, listFlags } from '../../src/cli/list-devices.ts';
import type { ListedDevices } from '../../src/cli/list-devices.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import type { EscrowCounts } from '../../src/model/escrow.ts';

export default class EscrowList extends BaseCommand {
  static override summary = 'List devices on their way to their owner';
  static override description =
    'How many wait, are offered, are being configured, are active or cancelled; then the devices, those that are retired left out. -o writes them all.';

  static override examples = [
    '<%= config.bin %> escrow list',
    '<%= config.bin %> escrow list --state waiting --lot A1 -o waiting.csv',
    '<%= config.bin %> escrow list --limit 1 --json',
  ];

  static override flags = {
    ...listFlags,
    ...deviceFilterFlags,
    state: escrowStateFlag,
    ...registryContextFlags,
  };

  async run(): Promise<ListedDevices & { readonly counts?: EscrowCounts }> {
    const { flags } = await this.parse(EscrowList);
    const { fleet } = (await openRegistryFor(this, flags)).registry;
    const sources = { home: this.home, fleet };
    const filter = await deviceFilter(sources, { ...flags, escrow: flags.state });
    const pagesOf = (most: object) => fleet.listEscrow({ ...filter, ...most });
    if (flags.output !== undefined) return await listByCommand(this, pagesOf, flags);
    const counts = await fleet.countEscrow(filter);
    const described = describeCounts(counts);
    if (described !== undefined) this.print(`${described}\n`);
    return { counts, ...(await listByCommand(this, pagesOf, flags)) };
  }
}

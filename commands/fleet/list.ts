import { BaseCommand } from '../../src/cli/base-command.ts';
import {
  deviceFilter,
  deviceFilterFlags,
  escrowStateFlag,
} from '../../src/cli/device-filter-flags.ts';
import { listByCommand, listFlags } from '../../src/cli/list-devices.ts';
import type { ListedDevices } from '../../src/cli/list-devices.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';

export default class FleetList extends BaseCommand {
  static override summary = 'List the account’s devices';
  static override description =
    'By serial, or by index with --lot. -o writes them all, however many, as CSV or NDJSON.';

  static override examples = [
    '<%= config.bin %> fleet list',
    '<%= config.bin %> fleet list --lot A1 --range 0-999 --enrollment quarantined',
    '<%= config.bin %> fleet list --escrow active --format ndjson -o active.ndjson',
    '<%= config.bin %> fleet list -o - | head -1',
  ];

  static override flags = {
    ...listFlags,
    ...deviceFilterFlags,
    escrow: escrowStateFlag,
    ...registryContextFlags,
  };

  async run(): Promise<ListedDevices> {
    const { flags } = await this.parse(FleetList);
    const { fleet } = (await openRegistryFor(this, flags)).registry;
    const filter = await deviceFilter({ home: this.home, fleet }, flags);
    return await listByCommand(this, (most) => fleet.list({ ...filter, ...most }), flags);
  }
}

import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeDevice } from '../../src/cli/describe-fleet.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import type { FleetDevice } from '../../src/job/move-devices.ts';

export default class EscrowShow extends BaseCommand {
  static override summary = 'Show where a device is on its way';

  static override examples = [
    '<%= config.bin %> escrow show ACME-A1-00000007',
    '<%= config.bin %> escrow show ACME-A1-00000007 --json',
  ];

  static override args = {
    device: Args.string({ required: true, description: 'Serial, endpoint key or id.' }),
  };

  static override flags = registryContextFlags;

  async run(): Promise<FleetDevice> {
    const { args, flags } = await this.parse(EscrowShow);
    const { registry } = await openRegistryFor(this, flags);
    const device = await registry.fleet.showEscrow(args.device);
    this.print(describeDevice(device));
    return device;
  }
}

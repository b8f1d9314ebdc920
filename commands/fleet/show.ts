import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeDevice } from '../../src/cli/describe-fleet.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import type { FleetDevice } from '../../src/job/move-devices.ts';

export default class FleetShow extends BaseCommand {
  static override summary = 'Show a device and whose it was';

  static override examples = [
    '<%= config.bin %> fleet show ACME-A1-00000007',
    '<%= config.bin %> fleet show ACME-A1-00000007 --json',
  ];

  static override args = {
    device: Args.string({ required: true, description: 'Serial, endpoint key or id.' }),
  };

  static override flags = registryContextFlags;

  async run(): Promise<FleetDevice> {
    const { args, flags } = await this.parse(FleetShow);
    const { registry } = await openRegistryFor(this, flags);
    const device = await registry.fleet.show(args.device);
    this.print(describeDevice(device));
    return device;
  }
}

import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { escrowFlags, playEscrow } from '../../src/cli/play-escrow.ts';
import {
  describeSimulation,
  SIMULATION_HELP,
  simulatorLine,
} from '../../src/cli/describe-simulation.ts';
import { faultFlags } from '../../src/cli/fault-flags.ts';
import { countFlag } from '../../src/cli/flags.ts';
import { simulateDevices } from '../../src/job/simulate-devices.ts';
import type { EscrowResult } from '../../src/job/simulate-escrow.ts';
import type { SimulationResult } from '../../src/job/simulate-devices.ts';

export default class DeviceSimulate extends BaseCommand {
  static override summary = 'Simulate devices on ports of this machine';
  static override description = SIMULATION_HELP;
  static override usage = [
    '<%= command.id %> -p PROFILE -d DIR [--count N] [--tcp] [--fault SLOT=FAULT,…]',
    '<%= command.id %> -p PROFILE -d DIR --escrow URL [--ca-file FILE] [--once]',
  ];

  static override examples = [
    '<%= config.bin %> device simulate --profile u-boot --count 8 --dir sim --for 1',
    '<%= config.bin %> device simulate --profile nrf91 --dir sim --fault 1=drop:50,noise --for 1',
    '<%= config.bin %> device simulate --profile zephyr-shell --dir sim --autoload --limit 1000 --for 1',
    '<%= config.bin %> device simulate --profile linux-shell --dir sim --escrow http://127.0.0.1:8080 --for 1',
  ];

  static override flags = {
    profile: Flags.string({
      char: 'p',
      required: true,
      helpValue: 'PROFILE',
      summary: 'A device profile: a file, or the name of a shipped one.',
    }),
    count: countFlag({ max: 256, default: 1, summary: 'Number of slots.' }),
    dir: Flags.string({
      char: 'd',
      required: true,
      helpValue: 'DIR',
      summary: 'Keep it all here.',
    }),
    tcp: Flags.boolean({ summary: 'Listen on TCP ports of 127.0.0.1.' }),
    model: Flags.string({ helpValue: 'TEXT', summary: 'What the devices say of their model.' }),
    ...faultFlags,
    for: countFlag({ helpValue: 'SECONDS', summary: 'End after so many seconds.' }),
    once: Flags.boolean({
      summary: 'End when every device was verified; with --escrow, is active or refuses.',
    }),
    ...escrowFlags,
  };

  async run(): Promise<SimulationResult | EscrowResult> {
    const { flags } = await this.parse(DeviceSimulate);
    const { fault: faults, for: seconds, ...options } = flags;
    if (flags.escrow !== undefined) {
      this.jsonIndent = 0;
      return await playEscrow(this, { ...flags, url: flags.escrow });
    }
    return await simulateDevices({
      ...options,
      faults,
      seconds,
      signal: this.signal,
      onReady: (simulation) => {
        this.print(describeSimulation(simulation));
      },
      onEvent: (event) => {
        this.print(simulatorLine(event));
      },
    });
  }
}

import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { describeSimulation, simulatorLine } from '../../src/cli/describe-simulation.ts';
import { countFlag, noDefaultHelp } from '../../src/cli/flags.ts';
import { FAULT_FORMS, simulateDevices } from '../../src/job/simulate-devices.ts';
import type { SimulationResult } from '../../src/job/simulate-devices.ts';

export default class DeviceSimulate extends BaseCommand {
  static override summary = 'Simulate devices on ports of this machine';

  static override description = `Each device keeps its memory in DIR/device-N.json and stands behind DIR/slot-N, or behind
a TCP port; DIR/jig.yaml is the matching jig. Runs until Ctrl-C. Faults can be changed
while it runs, in DIR/faults.json. Faults:

${Object.entries(FAULT_FORMS)
  .map(([form, words]) => `  ${form.padEnd(22)}${words}`)
  .join('\n')}`;

  static override examples = [
    '<%= config.bin %> device simulate --profile u-boot --count 8 --dir sim --for 1',
    '<%= config.bin %> device simulate --profile nrf91 --dir sim --fault 1=drop:50,noise --for 1',
    '<%= config.bin %> device simulate --profile zephyr-shell --dir sim --autoload --limit 1000 --for 1',
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
    fault: Flags.string({
      helpValue: 'SLOT=FAULT,…',
      multiple: true,
      default: [],
      defaultHelp: noDefaultHelp,
      summary: 'What goes wrong in a slot.',
    }),
    autoload: Flags.boolean({ summary: 'Put a fresh device in place of one that was verified.' }),
    limit: countFlag({ summary: 'Devices to be put in, in all.', dependsOn: ['autoload'] }),
    for: countFlag({ helpValue: 'SECONDS', summary: 'End after so many seconds.' }),
    once: Flags.boolean({ summary: 'End when every device was verified.' }),
  };

  async run(): Promise<SimulationResult> {
    const { flags } = await this.parse(DeviceSimulate);
    const { fault: faults, for: seconds, ...options } = flags;
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

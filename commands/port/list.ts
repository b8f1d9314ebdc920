import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { portLine, tabulatePorts } from '../../src/cli/describe-port.ts';
import { loadJig } from '../../src/job/check-device-file.ts';
import { followPorts, reportPorts, slotFinder } from '../../src/job/list-ports.ts';
import type { PortListOptions, PortReport } from '../../src/job/list-ports.ts';

export default class PortList extends BaseCommand {
  static override summary = 'List the serial ports of this machine';
  static override description =
    'With --jig the slot that each port is in. With --watch and --json each port that comes or goes is a line of its own before the result.';

  static override examples = [
    '<%= config.bin %> port list',
    '<%= config.bin %> port list --vid 10c4 --json',
    "<%= config.bin %> port list --path '/dev/ttyUSB*' --jig jig.yaml",
  ];

  static override flags = {
    vid: Flags.string({ helpValue: 'HEX', summary: 'Only ports with this USB vendor id.' }),
    pid: Flags.string({ helpValue: 'HEX', summary: 'Only ports with this USB product id.' }),
    serial: Flags.string({ helpValue: 'TEXT', summary: 'Only ports with this serial number.' }),
    path: Flags.string({ helpValue: 'PATTERN', summary: 'Only these paths; * is any text.' }),
    all: Flags.boolean({ summary: 'Also ports of the machine itself, such as /dev/ttyS0.' }),
    jig: Flags.string({ helpValue: 'FILE', summary: 'Show the slot of this jig that a port is.' }),
    watch: Flags.boolean({
      summary: 'Go on and tell each port that comes or goes, until Ctrl-C.',
    }),
  };

  async run(): Promise<readonly PortReport[]> {
    const { flags } = await this.parse(PortList);
    const options: PortListOptions = {
      filter: {
        vendorId: flags.vid,
        productId: flags.pid,
        serialNumber: flags.serial,
        path: flags.path,
      },
      withOnBoard: flags.all,
      ...(flags.jig !== undefined && { slotOf: slotFinder(await loadJig(flags.jig)) }),
    };
    if (flags.watch) {
      this.jsonIndent = 0;
      for await (const change of followPorts(this.signal, options)) {
        if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify({ event: change })}\n`);
        else this.print(portLine(change));
      }
      return [];
    }
    const ports = await reportPorts(options);
    this.print(ports.length > 0 ? tabulatePorts(ports) : 'No serial port fits.');
    return ports;
  }
}

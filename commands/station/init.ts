import { hostname } from 'node:os';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { cardOutput, reportStation } from '../../src/cli/describe-station.ts';
import type { StationReport } from '../../src/cli/describe-station.ts';
import { outputFlags, recipientFlag } from '../../src/cli/flags.ts';
import { initStation } from '../../src/job/station-init.ts';

export default class StationInit extends BaseCommand {
  static override summary = 'Make this machine a station that takes grants';
  static override description =
    'Give the public card to the owner of a lot: a grant made for it opens here only.';

  static override examples = [
    '<%= config.bin %> station init --name line-1 -o station.card',
    '<%= config.bin %> station init --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  ];

  static override flags = {
    name: Flags.string({
      helpValue: 'TEXT',
      default: () => Promise.resolve(hostname()),
      // A function: oclif would ask `default` when the package is built, and show that machine's name.
      defaultHelp: () => Promise.resolve('the host name'),
      summary: 'A name for people.',
    }),
    recipient: recipientFlag('Who else opens the station’s secrets; repeat for more.'),
    ...outputFlags,
    ...keyFlags,
  };

  async run(): Promise<StationReport> {
    const { flags } = await this.parse(StationInit);
    const { name, recipient: recipients } = flags;
    const credentials = recipients.length > 0 ? undefined : commandCredentials(this, flags);
    const choices = { name, recipients, output: cardOutput(flags) };
    const station = await initStation(this.home, choices, credentials);
    return reportStation(this, station, flags.output);
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { printEvents } from '../../src/cli/events-command.ts';
import type { ReadEvents } from '../../src/cli/events-command.ts';
import { countFlag } from '../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';

export default class FleetEvents extends BaseCommand {
  static override summary = 'Print what happened in the account';
  static override description =
    'The oldest first, each event a line that begins with its id; --after ID goes on behind it, without a gap. With --json each is {"event"} on a line, and the last line has `next`. What bulk work did to many devices is one event of that work. With --follow a pipe that was closed is noticed at the next event; --limit ends by itself.';

  static override examples = [
    '<%= config.bin %> fleet events',
    '<%= config.bin %> fleet events ACME-A1-00000007 --limit 10',
    '<%= config.bin %> fleet events --follow --limit 1 --json',
  ];

  static override args = {
    device: Args.string({ description: 'Only of this one: serial, endpoint key or id.' }),
  };

  static override flags = {
    after: Flags.string({ helpValue: 'ID', summary: 'Begin behind this event.' }),
    follow: Flags.boolean({ char: 'f', summary: 'Go on as things happen, until Ctrl-C.' }),
    limit: countFlag({ summary: 'How many at most.' }),
    ...registryContextFlags,
  };

  protected override jsonIndent = 0;

  async run(): Promise<ReadEvents> {
    const { args, flags } = await this.parse(FleetEvents);
    const { registry } = await openRegistryFor(this, flags);
    const { after, follow, limit } = flags;
    return await printEvents(this, registry.fleet, { ...args, after, follow, limit });
  }
}

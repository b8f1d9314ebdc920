import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { keyFlags } from '../../src/cli/credentials.ts';
import { benchFlags, lineChoices, lineFlags, overwriteFlags } from '../../src/cli/bench-flags.ts';
import { runAtBench } from '../../src/cli/run-bench.ts';
import type { Outcome } from '../../src/job/provision-run.ts';

export default class DeviceWrite extends BaseCommand {
  static override summary = 'Put a unit’s credential onto one device';
  static override description =
    'The device gets its own unit, or the next free one of the lot, by the station’s ledger, and must show that it holds it. One that holds its credential already is verified only. Exits 6 for a device that failed.';

  static override examples = [
    '<%= config.bin %> device write A1 --profile linux-shell --port ./devices/slot-1',
    '<%= config.bin %> device write A1 --profile linux-shell --port ./devices/slot-2 --operator mia --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = { ...lineFlags, ...benchFlags, ...overwriteFlags, ...keyFlags };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(DeviceWrite);
    return await runAtBench(this, lineChoices(args.lot, flags), flags);
  }
}

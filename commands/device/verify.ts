import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { keyFlags } from '../../src/cli/credentials.ts';
import { benchFlags, lineChoices, lineFlags } from '../../src/cli/bench-flags.ts';
import { runAtBench } from '../../src/cli/run-bench.ts';
import type { Outcome } from '../../src/job/provision-run.ts';

export default class DeviceVerify extends BaseCommand {
  static override summary = 'Have one device show that it holds its credential';
  static override description =
    'Nothing is written to the device; what it shows goes into the station’s ledger. Exits 6 for a device that failed.';

  static override examples = [
    '<%= config.bin %> device verify A1 --profile linux-shell --port ./devices/slot-1',
    '<%= config.bin %> device verify A1 --profile linux-shell --port ./devices/slot-1 --json',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = { ...lineFlags, ...benchFlags, ...keyFlags };

  async run(): Promise<Outcome> {
    const { args, flags } = await this.parse(DeviceVerify);
    return await runAtBench(this, { ...lineChoices(args.lot, flags), mode: 'verify' }, flags);
  }
}

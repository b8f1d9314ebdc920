import { Flags } from '@oclif/core';
import { BaseCommand } from '../src/cli/base-command.ts';
import { describeBench } from '../src/cli/describe-bench.ts';
import { countFlag } from '../src/cli/flags.ts';
import { runBench } from '../src/job/bench.ts';
import type { BenchReport } from '../src/job/bench.ts';
import { SCHEMES } from '../src/model/lot.ts';

export default class Bench extends BaseCommand {
  static override summary = 'Measure units per second on this machine';
  static override description =
    'Every scheme, derived only and as CSV rows into /dev/null, by one thread and by all, beside a plain script of createHmac and csv-stringify in the same run. Keys are throw-away.';

  static override examples = [
    '<%= config.bin %> <%= command.id %> --count 20000',
    '<%= config.bin %> <%= command.id %> --scheme psk --seconds 1 --json',
  ];

  static override flags = {
    seconds: countFlag({ max: 60, default: 1, summary: 'How long each way is measured.' }),
    count: countFlag({ max: 100_000_000, default: 100_000_000, summary: 'Units at most.' }),
    scheme: Flags.option({ options: SCHEMES, multiple: true, summary: 'Only this; repeat.' })(),
  };

  async run(): Promise<BenchReport> {
    const { flags } = await this.parse(Bench);
    const { seconds, count, scheme: schemes } = flags;
    const isShown = process.stderr.isTTY && !this.jsonEnabled();
    const report = await runBench({
      ...{ seconds, count, schemes, signal: this.signal },
      onMeasure: (what) => {
        if (isShown) process.stderr.write(`\r\u001b[KMeasuring ${what}`);
      },
    });
    if (isShown) process.stderr.write('\r\u001b[K');
    this.print(describeBench(report));
    return report;
  }
}

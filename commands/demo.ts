import { join } from 'node:path';
import { BaseCommand } from '../src/cli/base-command.ts';
import { runDemo } from '../src/cli/demo.ts';
import type { DemoResult } from '../src/cli/demo.ts';

export default class Demo extends BaseCommand {
  static override summary = 'Show the main job in a throw-away workspace';
  static override description =
    'Key, lot, grant, a station with eight simulated devices of which one is broken, the manifest of what was built, the report; then a registry, where the devices wait until a customer has taken some of them, and follow the configuration that they verified: each command line with its result. Asks nothing, and leaves the report alone.';

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<DemoResult> {
    await this.parse(Demo);
    return await runDemo({
      program: join(this.config.root, 'bin', 'run.js'),
      signal: this.signal,
      print: (text) => {
        this.print(text);
      },
    });
  }
}

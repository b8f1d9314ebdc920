import { join } from 'node:path';
import { BaseCommand } from '../src/cli/base-command.ts';
import { runDemo } from '../src/cli/demo.ts';

export default class Demo extends BaseCommand {
  static override summary = 'Show the main job in a throw-away workspace';
  static override description =
    'Key, lot, grant, manifest of 1,000,000 units and its check, each command line with its result. Asks nothing and leaves nothing.';

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];

  async run(): Promise<{ steps: string[] }> {
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

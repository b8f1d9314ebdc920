import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { checkJig, formatIssue, invalidFile } from '../../src/job/check-device-file.ts';
import type { CheckedFile } from '../../src/job/check-device-file.ts';

export default class JigCheck extends BaseCommand {
  static override summary = 'Find every mistake in a jig file';
  static override description =
    'Prints line:column: message for each mistake and exits 3 where there is one.';

  static override examples = [
    '<%= config.bin %> jig check jig.yaml',
    '<%= config.bin %> jig check jig.yaml --json',
  ];

  static override args = {
    file: Args.string({ required: true, description: 'FILE.' }),
  };

  async run(): Promise<CheckedFile> {
    const { args } = await this.parse(JigCheck);
    const checked = await checkJig(args.file);
    if (checked.issues.length > 0) {
      this.print(checked.issues.map(formatIssue).join('\n'));
      throw invalidFile('jig', checked);
    }
    this.print(`${args.file} has no mistakes`);
    return checked;
  }
}

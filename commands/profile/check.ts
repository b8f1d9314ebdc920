import { Args } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { checkProfile, formatIssue, invalidFile } from '../../src/job/check-device-file.ts';
import type { CheckedFile } from '../../src/job/check-device-file.ts';

export default class ProfileCheck extends BaseCommand {
  static override summary = 'Find every mistake in a device profile';
  static override description =
    'Prints line:column: message for each mistake and exits 3 where there is one.';

  static override examples = [
    '<%= config.bin %> profile check u-boot',
    '<%= config.bin %> profile check u-boot --json',
  ];

  static override args = {
    file: Args.string({ required: true, description: 'FILE, or the name of a shipped profile.' }),
  };

  async run(): Promise<CheckedFile> {
    const { args } = await this.parse(ProfileCheck);
    const checked = await checkProfile(args.file);
    if (checked.issues.length > 0) {
      this.print(checked.issues.map(formatIssue).join('\n'));
      throw invalidFile('profile', checked);
    }
    this.print(`${args.file} has no mistakes`);
    return checked;
  }
}

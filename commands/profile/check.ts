import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import {
  checkProfile,
  formatIssue,
  invalidFile,
  loadProfile,
} from '../../src/job/check-device-file.ts';
import type { CheckedFile } from '../../src/job/check-device-file.ts';
import { checkIdentity } from '../../src/job/check-identity.ts';
import type { CheckedIdentity } from '../../src/job/check-identity.ts';

export default class ProfileCheck extends BaseCommand {
  static override summary = 'Find every mistake in a device profile';
  static override description =
    'Prints line:column: message for each mistake and exits 3 where there is one. With --port the device there is restarted three times, as the profile restarts it, and must give the same fit hardware id each time; else it exits 4. Nothing is written to it.';

  static override examples = [
    '<%= config.bin %> profile check u-boot',
    '<%= config.bin %> profile check u-boot --json',
    '<%= config.bin %> profile check linux-shell --port ./devices/slot-1',
  ];

  static override args = {
    file: Args.string({ required: true, description: 'FILE, or the name of a shipped profile.' }),
  };

  static override flags = {
    port: Flags.string({
      helpValue: 'ADDRESS',
      summary: 'Try the identity rules on the device at this port.',
    }),
  };

  async run(): Promise<CheckedFile & { device?: CheckedIdentity }> {
    const { args, flags } = await this.parse(ProfileCheck);
    const checked = await checkProfile(args.file);
    if (checked.issues.length > 0) {
      this.print(checked.issues.map(formatIssue).join('\n'));
      throw invalidFile('profile', checked);
    }
    this.print(`${args.file} has no mistakes`);
    if (flags.port === undefined) return checked;
    const profile = await loadProfile(args.file);
    const device = await checkIdentity(profile, flags.port, { signal: this.signal });
    const what =
      device.between === 'restart' ? 'the device was restarted' : 'the port was reopened';
    this.print(`${device.hardwareId}, the same ${device.readings} times; each time ${what}`);
    return { ...checked, device };
  }
}

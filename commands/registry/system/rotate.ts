import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMachine } from '../../../src/cli/describe-member.ts';
import { yesFlag } from '../../../src/cli/flags.ts';
import { clientSecretFlags, machineArgs } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { findMember } from '../../../src/job/find-member.ts';
import { rotateSystemAccount } from '../../../src/job/system-account.ts';
import type { SystemAccountFiles } from '../../../src/job/system-account.ts';

export default class RegistrySystemRotate extends BaseCommand {
  static override summary = 'Give a machine another secret';
  static override description =
    'The old one and its tokens end at once. A machine that logged in with --renew goes on by itself once the file it named has the new one.';

  static override examples = [
    '<%= config.bin %> registry system rotate line-1 --client-secret-file line-1.secret --force --yes',
    '<%= config.bin %> registry system rotate line-1 --client-secret-file line-1.next --yes --json',
  ];

  static override args = machineArgs;

  static override flags = { ...clientSecretFlags, yes: yesFlag, ...registryContextFlags };

  async run(): Promise<SystemAccountFiles> {
    const { args, flags } = await this.parse(RegistrySystemRotate);
    const { force, 'client-secret-file': secretFile } = flags;
    requireSecretPlace(this, [secretFile]);
    const { machines } = (await openRegistryFor(this, flags)).registry;
    const machine = await findMember(machines, args.machine);
    const question = `Rotate the secret of ${args.machine}, and end the old one at once?`;
    await this.confirm(question, flags.yes);
    const to = { secretFile, force, signal: this.signal };
    const rotated = await rotateSystemAccount(machines, machine, to);
    if (secretFile !== '-') this.print(describeMachine(rotated));
    return rotated;
  }
}

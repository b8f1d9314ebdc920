import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeInvited } from '../../../src/cli/describe-member.ts';
import { invitationFlags, personArgs } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { findMember } from '../../../src/job/find-member.ts';
import { resetPerson } from '../../../src/job/invite.ts';
import type { Invited } from '../../../src/job/invite.ts';

export default class RegistryUserReset extends BaseCommand {
  static override summary = 'Let a person choose another password';
  static override description =
    'For who lost it, or an invitation. Whoever has the file chooses the password with `registry password`, once, within an hour; the old one serves until then.';

  static override examples = [
    '<%= config.bin %> registry user reset pat -o pat.reset',
    '<%= config.bin %> registry user reset pat -o pat.reset --force --json',
  ];

  static override args = personArgs;

  static override flags = { ...invitationFlags, ...registryContextFlags };

  async run(): Promise<Invited> {
    const { args, flags } = await this.parse(RegistryUserReset);
    const { force, 'invitation-file': path } = flags;
    requireSecretPlace(this, [path]);
    const { people } = (await openRegistryFor(this, flags)).registry;
    const person = await findMember(people, args.person);
    const invited = await resetPerson(people, person, { path, force, signal: this.signal });
    if (path !== '-') this.print(describeInvited(invited));
    return invited;
  }
}

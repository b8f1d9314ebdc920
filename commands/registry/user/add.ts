import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeInvited } from '../../../src/cli/describe-member.ts';
import { invitationFlags, roleFlag } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { invitePerson } from '../../../src/job/invite.ts';
import type { Invited } from '../../../src/job/invite.ts';

export default class RegistryUserAdd extends BaseCommand {
  static override summary = 'Invite a person to the account';
  static override description =
    'Whoever has the invitation chooses the password with `registry password`, once, within seven days.';

  static override examples = [
    '<%= config.bin %> registry user add quinn --role auditor -o quinn.invitation',
    '<%= config.bin %> registry user add robin@acme.example --name "Robin Roe" --role factory-engineer -o robin.invitation --json',
  ];

  static override args = {
    login: Args.string({ required: true, description: 'Log-in name; an address will do.' }),
  };

  static override flags = {
    name: Flags.string({ helpValue: 'TEXT', summary: 'For people; LOGIN unless given.' }),
    role: roleFlag,
    ...invitationFlags,
    ...registryContextFlags,
  };

  async run(): Promise<Invited> {
    const { args, flags } = await this.parse(RegistryUserAdd);
    const { login } = args;
    const { name = login, role: roles, force, 'invitation-file': path } = flags;
    requireSecretPlace(this, [path]);
    const { people } = (await openRegistryFor(this, flags)).registry;
    const file = { path, force, signal: this.signal };
    const invited = await invitePerson(people, { login, name, roles }, file);
    if (path !== '-') this.print(describeInvited(invited));
    return invited;
  }
}

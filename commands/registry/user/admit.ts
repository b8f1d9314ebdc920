import { Args } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMember } from '../../../src/cli/describe-member.ts';
import { roleFlag } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { admitPerson } from '../../../src/job/guests.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistryUserAdmit extends BaseCommand {
  static override summary = 'Give roles here to a person of another account';
  static override description =
    'The person logs in as ever and says --account with the handle of this account. Password and state stay with the account that it comes from.';

  static override examples = [
    '<%= config.bin %> registry user admit wendy --role auditor',
    '<%= config.bin %> registry user admit wendy --role support --role auditor --json',
  ];

  static override args = {
    login: Args.string({ required: true, description: 'Log-in name of the person.' }),
  };

  static override flags = { role: roleFlag, ...registryContextFlags };

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistryUserAdmit);
    const { people } = (await openRegistryFor(this, flags)).registry;
    const member = await admitPerson(people, { login: args.login, roles: flags.role });
    this.print(describeMember(member));
    return member;
  }
}

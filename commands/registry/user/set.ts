import { Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMember } from '../../../src/cli/describe-member.ts';
import { yesFlag } from '../../../src/cli/flags.ts';
import { newRoleFlag, personArgs } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { findMember } from '../../../src/job/find-member.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';
import { setMember } from '../../../src/job/set-member.ts';

export default class RegistryUserSet extends BaseCommand {
  static override summary = 'Change a person’s roles or name';
  static override description =
    'Roles are put in place of all others. --remove-totp is for who lost the authenticator: only the password stands before a log-in then, until another is enrolled.';

  static override examples = [
    '<%= config.bin %> registry user set pat --role support',
    '<%= config.bin %> registry user set pat --role auditor --name "Pat Park" --json',
    '<%= config.bin %> registry user set pat --remove-totp --yes',
  ];

  static override args = personArgs;

  static override flags = {
    role: newRoleFlag,
    name: Flags.string({ helpValue: 'TEXT', summary: 'What it is called from now on.' }),
    'remove-totp': Flags.boolean({ summary: 'Take a lost authenticator away.' }),
    yes: yesFlag,
    ...registryContextFlags,
  };

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistryUserSet);
    const { name, role: roles, 'remove-totp': removeTotp } = flags;
    const { people } = (await openRegistryFor(this, flags)).registry;
    const person = await findMember(people, args.person);
    const question = `Let ${args.person} log in by the password alone?`;
    if (removeTotp && person.hasTotp) await this.confirm(question, flags.yes);
    const { member, isChanged } = await setMember(people, person, { name, roles, removeTotp });
    this.print(describeMember(member, isChanged));
    return member;
  }
}

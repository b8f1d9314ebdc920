import { BaseCommand } from '../../../src/cli/base-command.ts';
import { yesFlag } from '../../../src/cli/flags.ts';
import { personArgs } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { findMember } from '../../../src/job/find-member.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';
import { removeGuest } from '../../../src/job/guests.ts';

export default class RegistryUserRemove extends BaseCommand {
  static override summary = 'Take all roles here from a guest';
  static override description =
    'For who was let in by `user admit`; its tokens for this account end at once. A person of this account is disabled instead.';

  static override examples = [
    '<%= config.bin %> registry user remove wendy --yes',
    '<%= config.bin %> registry user remove wendy --yes --json',
  ];

  static override args = personArgs;

  static override flags = { yes: yesFlag, ...registryContextFlags };

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistryUserRemove);
    const { people } = (await openRegistryFor(this, flags)).registry;
    const person = await findMember(people, args.person);
    await this.confirm(`Take all roles here from ${args.person}?`, flags.yes);
    const removed = await removeGuest(people, person);
    this.print(`${args.person} has no role here any more.`);
    return removed;
  }
}

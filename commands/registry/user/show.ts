import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMember } from '../../../src/cli/describe-member.ts';
import { personArgs } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { findMember } from '../../../src/job/find-member.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistryUserShow extends BaseCommand {
  static override summary = 'Show a person and its roles';

  static override examples = [
    '<%= config.bin %> registry user show pat',
    '<%= config.bin %> registry user show pat --json',
  ];

  static override args = personArgs;

  static override flags = registryContextFlags;

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistryUserShow);
    const { registry } = await openRegistryFor(this, flags);
    const member = await findMember(registry.people, args.person);
    this.print(describeMember(member));
    return member;
  }
}

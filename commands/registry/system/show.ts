import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMember } from '../../../src/cli/describe-member.ts';
import { machineArgs } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { findMember } from '../../../src/job/find-member.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistrySystemShow extends BaseCommand {
  static override summary = 'Show a machine, its roles and its lots';

  static override examples = [
    '<%= config.bin %> registry system show line-1',
    '<%= config.bin %> registry system show line-1 --json',
  ];

  static override args = machineArgs;

  static override flags = registryContextFlags;

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistrySystemShow);
    const { registry } = await openRegistryFor(this, flags);
    const member = await findMember(registry.machines, args.machine);
    this.print(describeMember(member));
    return member;
  }
}

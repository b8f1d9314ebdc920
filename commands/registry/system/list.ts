import { BaseCommand } from '../../../src/cli/base-command.ts';
import { tabulateMembers } from '../../../src/cli/describe-member.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { listMembers } from '../../../src/job/find-member.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistrySystemList extends BaseCommand {
  static override summary = 'List the machines of the account';

  static override examples = [
    '<%= config.bin %> registry system list',
    '<%= config.bin %> registry system list --json',
  ];

  static override flags = registryContextFlags;

  async run(): Promise<readonly RegistryMember[]> {
    const { flags } = await this.parse(RegistrySystemList);
    const { registry } = await openRegistryFor(this, flags);
    const members = await listMembers(registry.machines);
    this.print(
      members.length === 0
        ? 'There is no machine; `registry system add` makes one.'
        : tabulateMembers(members),
    );
    return members;
  }
}

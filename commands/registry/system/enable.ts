import { BaseCommand } from '../../../src/cli/base-command.ts';
import { machineArgs } from '../../../src/cli/member-flags.ts';
import { setStateByCommand } from '../../../src/cli/member-state-command.ts';
import { registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistrySystemEnable extends BaseCommand {
  static override summary = 'Let a disabled machine log in again';

  static override examples = [
    '<%= config.bin %> registry system enable line-1',
    '<%= config.bin %> registry system enable line-1 --json',
  ];

  static override args = machineArgs;

  static override flags = registryContextFlags;

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistrySystemEnable);
    const wish = { of: 'machines', named: args.machine, state: 'active' } as const;
    return await setStateByCommand(this, wish, flags);
  }
}

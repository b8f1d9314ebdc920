import { BaseCommand } from '../../../src/cli/base-command.ts';
import { yesFlag } from '../../../src/cli/flags.ts';
import { machineArgs } from '../../../src/cli/member-flags.ts';
import { setStateByCommand } from '../../../src/cli/member-state-command.ts';
import { registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistrySystemDisable extends BaseCommand {
  static override summary = 'Log a machine out and let it in no more';

  static override examples = [
    '<%= config.bin %> registry system disable line-1 --yes',
    '<%= config.bin %> registry system disable line-1 --yes --json',
  ];

  static override args = machineArgs;

  static override flags = { yes: yesFlag, ...registryContextFlags };

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistrySystemDisable);
    const wish = { of: 'machines', named: args.machine, state: 'disabled' } as const;
    return await setStateByCommand(this, wish, flags);
  }
}

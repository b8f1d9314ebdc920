import { BaseCommand } from '../../../src/cli/base-command.ts';
import { yesFlag } from '../../../src/cli/flags.ts';
import { personArgs } from '../../../src/cli/member-flags.ts';
import { setStateByCommand } from '../../../src/cli/member-state-command.ts';
import { registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistryUserDisable extends BaseCommand {
  static override summary = 'Log a person out and let it in no more';

  static override examples = [
    '<%= config.bin %> registry user disable pat --yes',
    '<%= config.bin %> registry user disable pat --yes --json',
  ];

  static override args = personArgs;

  static override flags = { yes: yesFlag, ...registryContextFlags };

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistryUserDisable);
    const wish = { of: 'people', named: args.person, state: 'disabled' } as const;
    return await setStateByCommand(this, wish, flags);
  }
}

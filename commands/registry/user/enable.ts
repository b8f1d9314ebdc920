import { BaseCommand } from '../../../src/cli/base-command.ts';
import { personArgs } from '../../../src/cli/member-flags.ts';
import { setStateByCommand } from '../../../src/cli/member-state-command.ts';
import { registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';

export default class RegistryUserEnable extends BaseCommand {
  static override summary = 'Let a disabled person log in again';

  static override examples = [
    '<%= config.bin %> registry user enable pat',
    '<%= config.bin %> registry user enable pat --json',
  ];

  static override args = personArgs;

  static override flags = registryContextFlags;

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistryUserEnable);
    const wish = { of: 'people', named: args.person, state: 'active' } as const;
    return await setStateByCommand(this, wish, flags);
  }
}

import { Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMember } from '../../../src/cli/describe-member.ts';
import { lotIds, lotsFlag, machineArgs, newRoleFlag } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { findMember } from '../../../src/job/find-member.ts';
import type { RegistryMember } from '../../../src/job/find-member.ts';
import { setMember } from '../../../src/job/set-member.ts';

export default class RegistrySystemSet extends BaseCommand {
  static override summary = 'Change a machine’s lots, roles or name';
  static override description =
    'A station registers and sees the devices of the lots that it was given, and of no others.';

  static override examples = [
    '<%= config.bin %> registry system set line-1 --add-lot A1',
    '<%= config.bin %> registry system set line-1 --remove-lot A1 --json',
    '<%= config.bin %> registry system set line-1 --name line-1',
  ];

  static override args = machineArgs;

  static override flags = {
    'add-lot': lotsFlag('A lot for this station, by code or id; repeat for more.'),
    'remove-lot': lotsFlag('A lot that is no more for this station.'),
    role: newRoleFlag,
    name: Flags.string({ helpValue: 'TEXT', summary: 'What it is called from now on.' }),
    ...registryContextFlags,
  };

  async run(): Promise<RegistryMember> {
    const { args, flags } = await this.parse(RegistrySystemSet);
    const { name, role: roles } = flags;
    const { machines, fleet } = (await openRegistryFor(this, flags)).registry;
    const machine = await findMember(machines, args.machine);
    const sources = { home: this.home, fleet };
    const addLots = await lotIds(sources, flags['add-lot']);
    const removeLots = await lotIds(sources, flags['remove-lot']);
    const wish = { name, roles, addLots, removeLots };
    const { member, isChanged } = await setMember(machines, machine, wish);
    this.print(describeMember(member, isChanged));
    return member;
  }
}

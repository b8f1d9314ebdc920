import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeMachine } from '../../../src/cli/describe-member.ts';
import { clientSecretFlags, lotIds, lotsFlag, roleFlag } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { addSystemAccount } from '../../../src/job/system-account.ts';
import type { SystemAccountFiles } from '../../../src/job/system-account.ts';

export default class RegistrySystemAdd extends BaseCommand {
  static override summary = 'Let a machine log in: a station, CI, a server';
  static override description =
    'Writes the two files that `registry login` takes. The registry says the secret this once; `system rotate` gets another. A station registers and sees the devices of the lots that it was given.';

  static override examples = [
    '<%= config.bin %> registry system add line-2 --role station --lot A1 --client-id-file line-2.id --client-secret-file line-2.secret',
    '<%= config.bin %> registry system add ci --role factory-engineer --role provisioner --client-id-file ci.id --client-secret-file ci.secret --json',
  ];

  static override args = { name: Args.string({ required: true, description: 'For people.' }) };

  static override flags = {
    role: roleFlag,
    lot: lotsFlag('A lot that this station registers, by code or id; repeat for more.'),
    'client-id-file': Flags.string({
      helpValue: 'FILE',
      required: true,
      summary: 'Where the client id goes.',
    }),
    ...clientSecretFlags,
    ...registryContextFlags,
  };

  async run(): Promise<SystemAccountFiles> {
    const { args, flags } = await this.parse(RegistrySystemAdd);
    const { role: roles, force, 'client-id-file': idFile } = flags;
    const { 'client-secret-file': secretFile } = flags;
    requireSecretPlace(this, [idFile, secretFile]);
    const { machines, fleet } = (await openRegistryFor(this, flags)).registry;
    const lots = await lotIds({ home: this.home, fleet }, flags.lot);
    const wanted = { name: args.name, roles, ...(lots.length > 0 && { lots }) };
    const to = { idFile, secretFile, force, signal: this.signal };
    const added = await addSystemAccount(machines, wanted, to);
    if (idFile !== '-' && secretFile !== '-') this.print(describeMachine(added));
    return added;
  }
}

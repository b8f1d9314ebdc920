import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeInvited } from '../../../src/cli/describe-member.ts';
import { invitationFlags } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { createAccountFor } from '../../../src/job/invite.ts';
import type { Invited, RegistryAccount } from '../../../src/job/invite.ts';

interface Created {
  readonly account: RegistryAccount;
  readonly admin: Invited;
}

export default class RegistryAccountCreate extends BaseCommand {
  static override summary = 'Make an account and invite its first admin';
  static override description =
    'For the registry’s own admins. Whoever has the invitation chooses the admin’s password with `registry password`, once, within seven days: hand it over as you would the password.';

  static override examples = [
    '<%= config.bin %> registry account create northwind --name Northwind --kind customer --admin nora -o nora.invitation',
    '<%= config.bin %> registry account create trial --name Trial --kind oem --test --admin tom@trial.example --admin-name Tom -o tom.invitation --json',
  ];

  static override args = {
    handle: Args.string({ required: true, description: 'a-z, 0-9 and -, 3 to 40; for good.' }),
  };

  static override flags = {
    name: Flags.string({ required: true, helpValue: 'TEXT', summary: 'For people.' }),
    kind: Flags.option({ options: ['oem', 'reseller', 'customer'] as const, required: true })({
      summary: 'What it does with devices.',
    }),
    admin: Flags.string({
      required: true,
      helpValue: 'LOGIN',
      summary: 'Log-in name of its first admin; an address will do.',
    }),
    'admin-name': Flags.string({ helpValue: 'TEXT', summary: 'For people; LOGIN unless given.' }),
    test: Flags.boolean({ summary: 'It takes test keys, and no others.', default: false }),
    ...invitationFlags,
    ...registryContextFlags,
  };

  async run(): Promise<Created> {
    const { args, flags } = await this.parse(RegistryAccountCreate);
    const { name, kind, admin: login, test: isTest, force, 'invitation-file': path } = flags;
    requireSecretPlace(this, [path]);
    const { registry } = await openRegistryFor(this, flags);
    const admin = { login, name: flags['admin-name'] ?? login };
    const wanted = { handle: args.handle, name, kind, isTest, admin };
    const file = { path, force, signal: this.signal };
    const created = await createAccountFor(registry, wanted, file);
    if (path !== '-') this.print(describeInvited(created.admin, created.account));
    return created;
  }
}

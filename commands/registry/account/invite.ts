import { Args } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { describeInvited } from '../../../src/cli/describe-member.ts';
import { invitationFlags } from '../../../src/cli/member-flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import { requireSecretPlace } from '../../../src/cli/secret-lines-output.ts';
import { inviteAdminOf } from '../../../src/job/invite.ts';
import type { Invited } from '../../../src/job/invite.ts';

export default class RegistryAccountInvite extends BaseCommand {
  static override summary = 'Invite the first admin of an account again';
  static override description =
    'For the registry’s own admins, where `account create` lost its answer or the invitation ended. The one before serves no more. Once an admin of the account has a password, its admins help each other with `user reset`.';

  static override examples = [
    '<%= config.bin %> registry account invite southwind -o sven.invitation',
    '<%= config.bin %> registry account invite southwind -o sven.invitation --force --json',
  ];

  static override args = {
    handle: Args.string({ required: true, description: 'Of the account.' }),
  };

  static override flags = { ...invitationFlags, ...registryContextFlags };

  async run(): Promise<Invited> {
    const { args, flags } = await this.parse(RegistryAccountInvite);
    const { force, 'invitation-file': path } = flags;
    requireSecretPlace(this, [path]);
    const { registry } = await openRegistryFor(this, flags);
    const file = { path, force, signal: this.signal };
    const invited = await inviteAdminOf(registry, args.handle, file);
    if (path !== '-') this.print(describeInvited(invited));
    return invited;
  }
}

import { Args } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { yesFlag } from '../../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';
import type { StandingApproval } from '../../../src/job/list-transfers.ts';

export default class TransferApprovalAdd extends BaseCommand {
  static override summary = 'Accept what an account offers from now on';
  static override description =
    'Nobody is asked then: whatever the other account offers becomes this account’s at once. What it has offered before waits for a decision.';

  static override examples = [
    '<%= config.bin %> transfer approval add acme --yes',
    '<%= config.bin %> transfer approval add acme --yes --json',
  ];

  static override args = {
    account: Args.string({ required: true, description: 'Handle of the account that gives.' }),
  };

  static override flags = { yes: yesFlag, ...registryContextFlags };

  async run(): Promise<StandingApproval> {
    const { args, flags } = await this.parse(TransferApprovalAdd);
    const { transfers } = (await openRegistryFor(this, flags)).registry;
    await this.confirm(`Accept whatever ${args.account} offers, unasked?`, flags.yes);
    const approval = await transfers.addApproval(args.account);
    this.print(`What ${approval.from} offers is accepted from now on.`);
    return approval;
  }
}

import { Args } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { openRegistryFor, registryContextFlags } from '../../../src/cli/registry-context-flags.ts';

export default class TransferApprovalRemove extends BaseCommand {
  static override summary = 'Decide on an account’s offers again';
  static override description = 'What was accepted unasked stays accepted.';

  static override examples = [
    '<%= config.bin %> transfer approval remove acme',
    '<%= config.bin %> transfer approval remove acme --json',
  ];

  static override args = {
    account: Args.string({ required: true, description: 'Handle of the account that gives.' }),
  };

  static override flags = registryContextFlags;

  async run(): Promise<{ readonly from: string }> {
    const { args, flags } = await this.parse(TransferApprovalRemove);
    const { transfers } = (await openRegistryFor(this, flags)).registry;
    await transfers.removeApproval(args.account);
    this.print(`What ${args.account} offers waits for a decision again.`);
    return { from: args.account };
  }
}

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { keyFlags, lazyCredentials } from '../../src/cli/credentials.ts';
import { describeAccount, describeUnresolved } from '../../src/cli/describe-closing.ts';
import { ledgersFlag, outputFlags, yesFlag } from '../../src/cli/flags.ts';
import { closeLot, planClosing, refuseUnresolved } from '../../src/job/close-lot.ts';
import { requireReason } from '../../src/job/settle-units.ts';
import type { LotAccount } from '../../src/model/lot-account.ts';

interface Closed extends LotAccount {
  readonly lotId: string;
  readonly closedAt?: string;
  readonly dryRun: boolean;
  readonly statement?: string;
}

export default class LotClose extends BaseCommand {
  static override summary = 'Account for every unit of a lot and close it';
  static override description =
    'Every unit must be verified, scrapped, replaced, or unused for a reason; what is open is listed with the command that resolves it. The owner’s account is sealed. No secret leaves a closed lot, and it cannot be opened again; public manifests and checks go on.';

  static override examples = [
    '<%= config.bin %> lot close C2 --dry-run',
    '<%= config.bin %> lot close C2 --yes -o C2.close',
    '<%= config.bin %> lot close C2 --ledger line-1.ndjson --unused-reason "order was cut" --yes',
  ];

  static override args = { lot: Args.string({ required: true, description: 'Code or id.' }) };

  static override flags = {
    ledger: ledgersFlag(),
    'unused-reason': Flags.string({ helpValue: 'TEXT', summary: 'Why units were not used.' }),
    'lost-reason': Flags.string({
      helpValue: 'TEXT',
      summary: 'What became of the units of a lost ledger.',
    }),
    'dry-run': Flags.boolean({ summary: 'Only say how the lot stands.' }),
    ...outputFlags,
    yes: yesFlag,
    ...keyFlags,
  };

  async run(): Promise<Closed> {
    const { args, flags } = await this.parse(LotClose);
    const { ledger: ledgers, output: path, force, 'dry-run': dryRun, yes } = flags;
    const [unused, lost] = [flags['unused-reason'], flags['lost-reason']].map((text) =>
      text === undefined ? undefined : requireReason(text),
    );
    const output = path === undefined ? undefined : { path, force };
    const request = { lot: args.lot, ledgers, reasons: { unused, lost }, output };
    const { signal } = this;
    const plan = await planClosing(this.home, request, { signal });
    for (const text of plan.warnings) this.warning(text);
    const { code, lotId } = plan.stored.lot;
    if (path !== '-') this.print(describeAccount(plan.account, plan.isOwner));
    if (plan.unresolved.length > 0) this.print(`\n${describeUnresolved(plan)}`);
    refuseUnresolved(plan);
    if (dryRun) return { lotId, dryRun, ...plan.account };
    const credentials = lazyCredentials(this, flags);
    const effects = { credentials, toolVersion: this.config.version, signal };
    await this.confirm(`Close lot ${code} (${lotId}) for good?`, yes);
    const { closedAt, account, statement } = await closeLot(this.home, request, effects);
    if (!plan.isOwner) this.warning('not sealed: the lot’s key is not here');
    if (path !== '-') this.print(`\nLot ${code} (${lotId}) was closed at ${closedAt}.`);
    return { lotId, closedAt, dryRun, ...(statement !== undefined && { statement }), ...account };
  }
}

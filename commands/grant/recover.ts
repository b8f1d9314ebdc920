import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { confirmTyped } from '../../src/cli/confirm-typed.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { rangeFlag, yesFlag } from '../../src/cli/flags.ts';
import { grouped } from '../../src/cli/progress.ts';
import { planRecovery, recoverUnits } from '../../src/job/recover-units.ts';
import { requireReason } from '../../src/job/settle-units.ts';
import { formatRange } from '../../src/model/range.ts';

interface Recovered {
  readonly lotId: string;
  readonly lot: string;
  readonly units: string;
  readonly count: number;
  readonly dryRun: boolean;
}

export default class GrantRecover extends BaseCommand {
  static override summary = 'Free units of a lost ledger that were never written';
  static override description =
    'A ledger that is lost takes its units with it, because nobody knows which were written. A supervisor who does know frees them for the ledger that is used now. A unit freed by mistake is given twice.';

  static override examples = [
    '<%= config.bin %> grant recover A1 --range 8192-12287 --operator ada --reason "disk died before the shift" --dry-run',
    '<%= config.bin %> grant recover A1 --range 8192-12287 --operator ada --reason "disk died before the shift" --yes',
  ];

  static override args = {
    grant: Args.string({ required: true, description: 'kg_…, or a lot: its code or id.' }),
  };

  static override flags = {
    range: rangeFlag({ required: true, summary: 'The units A to B, both included.' }),
    reason: Flags.string({ helpValue: 'TEXT', required: true, summary: 'How that is known.' }),
    operator: Flags.string({ helpValue: 'NAME', required: true, summary: 'Who confirms it.' }),
    'dry-run': Flags.boolean({ summary: 'Only say what would be freed.' }),
    yes: yesFlag,
    witness: Flags.string({ helpValue: 'FILE', summary: 'Keep the ledger’s head in FILE too.' }),
    ...keyFlags,
  };

  async run(): Promise<Recovered> {
    const { args, flags } = await this.parse(GrantRecover);
    const { range, operator, witness, 'dry-run': dryRun } = flags;
    const reason = requireReason(flags.reason);
    const plan = await planRecovery(this.home, args.grant, range);
    const { lotId, code: lot } = plan.lot;
    const units = formatRange(range);
    const what = `${grouped(range.count)} units (${units}) of lot ${lot}`;
    const result = { lotId, lot, units, count: range.count, dryRun };
    if (dryRun) {
      this.print(`${what} would be free again.`);
      return result;
    }
    const credentials = commandCredentials(this, flags);
    const text = `You confirm that ${what} were never written to a device.`;
    await confirmTyped(this, { text, expected: units }, flags.yes);
    const effects = { credentials, toolVersion: this.config.version };
    await recoverUnits(this.home, plan, { reason, operator, witness }, effects);
    this.print(`${what} are free again, for this ledger alone.`);
    return result;
  }
}

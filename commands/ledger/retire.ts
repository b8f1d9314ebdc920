import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { confirmTyped } from '../../src/cli/confirm-typed.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { yesFlag } from '../../src/cli/flags.ts';
import { planRetirement, retireLedger } from '../../src/job/retire-ledger.ts';
import type { Retirement } from '../../src/job/retire-ledger.ts';
import { requireReason } from '../../src/job/settle-units.ts';

interface Retired extends Retirement {
  readonly dryRun: boolean;
}

export default class LedgerRetire extends BaseCommand {
  static override summary = 'Set a lost or damaged ledger aside and begin anew';
  static override description =
    'For a ledger that is damaged or rolled back while the one that was used last is lost. Its files are moved, never deleted, and the new ledger’s first event says why. Its units stay burnt until `grant recover` frees those that were never written.';

  static override examples = [
    '<%= config.bin %> ledger retire --operator ada --reason "restored from an old image" --dry-run',
    '<%= config.bin %> ledger retire --operator ada --reason "restored from an old image" --yes',
  ];

  static override flags = {
    reason: Flags.string({ helpValue: 'TEXT', required: true, summary: 'Why; goes on record.' }),
    operator: Flags.string({ helpValue: 'NAME', required: true, summary: 'Who decides it.' }),
    witness: Flags.string({
      helpValue: 'FILE',
      summary: 'The old ledger’s witness, and the new one’s.',
    }),
    'dry-run': Flags.boolean({ summary: 'Only say what would be moved.' }),
    yes: yesFlag,
    ...keyFlags,
  };

  async run(): Promise<Retired> {
    const { flags } = await this.parse(LedgerRetire);
    const { operator, witness, 'dry-run': dryRun } = flags;
    const request = { reason: requireReason(flags.reason), operator, witness };
    const plan = await planRetirement(this.home, request);
    if (dryRun) {
      this.print(`Would be moved to ${plan.folder}:\n${plan.files.join('\n')}`);
      return { ...plan, dryRun };
    }
    const credentials = commandCredentials(this, flags);
    const text = 'All units of this ledger are burnt with it.';
    await confirmTyped(this, { text, expected: 'retire' }, flags.yes);
    const effects = { credentials, toolVersion: this.config.version };
    const retired = await retireLedger(this.home, request, effects);
    this.print(`Moved to ${retired.folder}:\n${retired.files.join('\n')}\nA new ledger has begun.`);
    return { ...retired, dryRun };
  }
}

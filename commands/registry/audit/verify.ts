import { Flags } from '@oclif/core';
import { BaseCommand } from '../../../src/cli/base-command.ts';
import { registryFlags } from '../../../src/cli/registry-flags.ts';
import { grouped } from '../../../src/cli/progress.ts';
import type { AccountAudit } from '../../../src/service/verify-audit.ts';

export default class RegistryAuditVerify extends BaseCommand {
  static override summary = 'Prove that no audit entry was altered or removed';
  static override description =
    'Walks every account’s chain in a database or a backup; it may be served meanwhile, and nothing is written. A head that was noted earlier stays in the chain. Exits 3 where something is wrong.';

  static override examples = [
    '<%= config.bin %> registry audit verify',
    '<%= config.bin %> registry audit verify --account platform --json',
  ];

  static override flags = {
    database: registryFlags.database,
    account: Flags.string({ helpValue: 'ACCOUNT', summary: 'Only this one, by handle or id.' }),
  };

  async run(): Promise<{ accounts: AccountAudit[] }> {
    const { flags } = await this.parse(RegistryAuditVerify);
    const { refuseBroken, verifyAudit } = await import('../../../src/service/verify-audit.ts');
    const accounts = await verifyAudit({ ...flags, signal: this.signal });
    this.print(accounts.map(describeAudit).join('\n'));
    refuseBroken(accounts);
    return { accounts };
  }
}

/** A head has the width of a terminal for itself. */
function describeAudit(audit: AccountAudit): string {
  if (!('head' in audit)) return `${audit.handle}  broken at entry ${grouped(audit.brokenAt)}`;
  return `${audit.handle}  ${grouped(audit.entries)} entries, the last\n  ${audit.head}`;
}

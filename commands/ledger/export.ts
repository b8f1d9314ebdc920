import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { commandCredentials, keyFlags } from '../../src/cli/credentials.ts';
import { ledgerFlag, outputFlags } from '../../src/cli/flags.ts';
import { grouped } from '../../src/cli/progress.ts';
import { facts } from '../../src/cli/table.ts';
import { exportLedger } from '../../src/job/export-ledger.ts';
import type { ExportedLedger } from '../../src/job/export-ledger.ts';

export default class LedgerExport extends BaseCommand {
  static override summary = 'Write the ledger’s events out, signed';
  static override description =
    'One JSON object a line, the oldest first; the last line is the head of the chain, signed by the station. `ledger verify` checks it anywhere. It holds no secret.';

  static override examples = [
    '<%= config.bin %> ledger export -o events.ndjson',
    '<%= config.bin %> ledger export -o - | tail -1',
  ];

  static override flags = {
    ledger: ledgerFlag(),
    output: Flags.string({
      char: 'o',
      helpValue: 'FILE',
      required: true,
      summary: 'Or - for stdout.',
    }),
    force: outputFlags.force,
    ...keyFlags,
  };

  async run(): Promise<ExportedLedger> {
    const { flags } = await this.parse(LedgerExport);
    const { ledger, output, force } = flags;
    const credentials = commandCredentials(this, flags);
    const request = { ledger, output: { path: output, force } };
    const exported = await exportLedger(this.home, request, { credentials, signal: this.signal });
    const { station, head } = exported;
    const lines = { station, events: grouped(head.seq), head: head.hash, file: output };
    if (output !== '-') this.print(facts(Object.entries(lines)));
    return exported;
  }
}

import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { transferArgs } from '../../src/cli/decide-command.ts';
import { describeTransfer, ITEM_COLUMNS, tabulateItems } from '../../src/cli/describe-transfer.ts';
import { exportByCommand, exportFlags } from '../../src/cli/export-command.ts';
import { countFlag } from '../../src/cli/flags.ts';
import { openRegistryFor, registryContextFlags } from '../../src/cli/registry-context-flags.ts';
import type { ExportedRows } from '../../src/job/export-rows.ts';
import { gather } from '../../src/job/list-transfers.ts';
import type { CountedTransfer, TransferItem } from '../../src/job/list-transfers.ts';
import { ITEM_STATES } from '../../src/model/transfer-state.ts';

interface Shown extends CountedTransfer {
  readonly devices: readonly TransferItem[];
  readonly isMore: boolean;
}

export default class TransferShow extends BaseCommand {
  static override summary = 'Show a transfer and its devices';
  static override description =
    'With -o all its devices are written, one a row, each with its state and the reason of a refusal. The file can be edited down and given to `transfer approve`, `refuse` or `withdraw`.';

  static override examples = [
    '<%= config.bin %> transfer show tr_068q3v1vg0k9r7aaqmw2vtfb3c',
    '<%= config.bin %> transfer show tr_068q3v1vg0k9r7aaqmw2vtfb3c --state refused -o refused.csv',
    '<%= config.bin %> transfer show tr_068q3v1vg0k9r7aaqmw2vtfb3c --format ndjson -o - | head -1',
  ];

  static override args = transferArgs;

  static override flags = {
    state: Flags.option({ options: ITEM_STATES, summary: 'Only devices in this state.' })(),
    limit: countFlag({ min: 0, default: 20, summary: 'Devices that are listed without -o.' }),
    ...exportFlags,
    ...registryContextFlags,
  };

  async run(): Promise<Shown | (CountedTransfer & { exported: ExportedRows })> {
    const { args, flags } = await this.parse(TransferShow);
    const { state, limit, output } = flags;
    const { registry } = await openRegistryFor(this, flags);
    const { transfers } = registry;
    const transfer = await transfers.show(args.transfer);
    if (output !== undefined) {
      const rows = { what: 'devices', columns: ITEM_COLUMNS };
      const pages = transfers.items(transfer.id, { state });
      const exported = await exportByCommand(this, { ...rows, pages }, { ...flags, output });
      return { ...transfer, exported };
    }
    const pages = transfers.items(transfer.id, { state, most: limit + 1 });
    const { rows: devices, isMore } = await gather(pages, limit);
    this.print(describeTransfer(transfer));
    if (devices.length > 0) this.print(`\n${tabulateItems(devices)}`);
    if (isMore) this.print('\nThere are more: -o FILE writes them all.');
    return { ...transfer, devices, isMore };
  }
}

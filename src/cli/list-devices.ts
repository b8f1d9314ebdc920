import type { ExportedRows } from '../job/export-rows.ts';
import { gather } from '../job/list-transfers.ts';
import type { FleetDevice } from '../job/move-devices.ts';
import type { Most } from '../registry/fleet.ts';
import type { BaseCommand } from './base-command.ts';
import { DEVICE_COLUMNS, tabulateDevices } from './describe-fleet.ts';
import { exportByCommand, exportFlags } from './export-command.ts';
import { countFlag } from './flags.ts';

/** The flags of every command that lists devices and can write them all out. */
export const listFlags = {
  limit: countFlag({ min: 0, default: 100, summary: 'How many are listed without -o.' }),
  ...exportFlags,
};

/** What `--json` prints: the first devices, or where all of them are. */
export type ListedDevices =
  | { readonly devices: readonly FleetDevice[]; readonly isMore: boolean }
  | { readonly exported: ExportedRows };

/** Prints the first devices, or writes them all where `-o` says so. */
export async function listByCommand(
  command: BaseCommand,
  pagesOf: (most: Most) => AsyncIterable<readonly FleetDevice[]>,
  flags: {
    readonly limit: number;
    readonly output?: string | undefined;
    readonly force: boolean;
    readonly format: 'csv' | 'ndjson';
  },
): Promise<ListedDevices> {
  const { limit, output } = flags;
  if (output !== undefined) {
    const rows = { what: 'devices', columns: DEVICE_COLUMNS, pages: pagesOf({}) };
    return { exported: await exportByCommand(command, rows, { ...flags, output }) };
  }
  const { rows: devices, isMore } = await gather(pagesOf({ most: limit + 1 }), limit);
  if (devices.length > 0) command.print(tabulateDevices(devices));
  else if (limit > 0) command.print('There is no such device.');
  if (isMore) command.warning(`there are more than ${limit}; -o FILE writes them all`);
  return { devices, isMore };
}

import type { DecisionPlan } from '../job/plan-decision.ts';
import type { ExportColumn } from '../job/export-rows.ts';
import { printable } from '../kernel/printable.ts';
import { ITEM_STATES } from '../model/transfer-state.ts';
import type { CountedTransfer, RegistryTransfer, TransferItem } from '../registry/transfers.ts';
import { grouped } from './progress.ts';
import { facts, table } from './table.ts';

/** A transfer for a person, with how many devices are in each state. */
export function describeTransfer(transfer: CountedTransfer): string {
  const { counts, leftOut, pending } = transfer;
  const states = ITEM_STATES.filter((state) => counts[state] > 0);
  return facts([
    ['transfer', transfer.id],
    ['from', transfer.source],
    ['to', transfer.destination],
    ['state', transfer.state],
    ['decided by', transfer.decidedBy && 'a standing approval'],
    ['note', transfer.note && printable(transfer.note)],
    ['requested', transfer.createdAt],
    ['ends', transfer.expiresAt],
    ['devices', grouped(transfer.items)],
    ...states.map((state) => [`  ${state}`, grouped(counts[state])] as const),
    ['left out', leftOut ? `${grouped(leftOut)} that cannot be offered now` : undefined],
    ['on its way', pending === undefined ? undefined : `${grouped(pending)} to be carried out`],
  ]);
}

/** Transfers below each other, as they look from the account `own`. */
export function tabulateTransfers(transfers: readonly RegistryTransfer[], own: string): string {
  return table(transfers, [
    { title: 'transfer', value: ({ id }) => id },
    {
      title: 'with',
      value: ({ source, destination }) => (source === own ? `to ${destination}` : `from ${source}`),
    },
    { title: 'state', value: ({ state }) => state },
    { title: 'devices', value: ({ items }) => grouped(items), align: 'right' },
    { title: 'ends', value: ({ expiresAt }) => expiresAt.slice(0, 10) },
  ]);
}

/** Devices of a transfer below each other. */
export function tabulateItems(items: readonly TransferItem[]): string {
  return table(items, [
    { title: 'serial', value: ({ serial }) => printable(serial) },
    { title: 'model', value: ({ model }) => printable(model ?? '') },
    { title: 'state', value: ({ state }) => state },
    { title: 'reason', value: ({ reason }) => printable(reason ?? '') },
  ]);
}

/** What an export has of each device. */
export const ITEM_COLUMNS: readonly ExportColumn<TransferItem>[] = [
  { name: 'serial', value: ({ serial }) => serial },
  { name: 'endpoint_key', value: ({ endpointKey }) => endpointKey },
  { name: 'device', value: ({ deviceId }) => deviceId },
  { name: 'model', value: ({ model }) => model, isText: true },
  { name: 'state', value: ({ state }) => state },
  { name: 'reason', value: ({ reason }) => reason, isText: true },
  { name: 'decided_at', value: ({ decidedAt }) => decidedAt },
];

const VERBS = { accepted: 'accept', refused: 'refuse', withdrawn: 'withdraw' } as const;

/** Such as `accept 990 devices and refuse 10`; undefined where nothing would change. */
export function describeDecision({ changes }: DecisionPlan): string | undefined {
  const parts = (['accepted', 'refused', 'withdrawn'] as const)
    .map((move) => [VERBS[move], changes[move] ?? 0] as const)
    .filter(([, count]) => count > 0)
    .map(([verb, count]) => `${verb} ${grouped(count)} ${count === 1 ? 'device' : 'devices'}`);
  return parts.length > 0 ? parts.join(' and ') : undefined;
}

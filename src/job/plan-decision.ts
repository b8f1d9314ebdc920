import { KeylineError } from '../kernel/errors.ts';
import type { ItemMove, ItemState } from '../model/transfer-state.ts';
import type { CountedTransfer, RegistryTransfers, TransferItem } from '../registry/transfers.ts';
import type { NamedDevice } from './device-list.ts';

/** What is to become of offered devices. */
export type DecisionMove = Extract<ItemMove, 'accepted' | 'refused' | 'withdrawn'>;

/** Which of them: all, only those named, or all with those named as exceptions. */
export type DecisionScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'only' | 'except'; readonly devices: readonly NamedDevice[] };

/** A decision as a person asks for it. */
export interface DecisionWish {
  /** `tr_…` */
  readonly transfer: string;
  readonly move: DecisionMove;
  readonly scope: DecisionScope;
  /** For every device that is refused and has none of its own. */
  readonly reason?: string | undefined;
}

/** One device that is decided by name. */
export interface PlannedItem {
  readonly deviceId: string;
  readonly move: DecisionMove;
  readonly reason?: string;
}

/** What would be decided. */
export interface DecisionPlan {
  readonly transfer: CountedTransfer;
  /** Offered devices that are decided by name, before the rest. */
  readonly items: readonly PlannedItem[];
  /** What all becomes that is still offered after that; undefined where there is nothing to say of it. */
  readonly rest: { readonly move: DecisionMove; readonly reason?: string } | undefined;
  /** How many devices the decision changes, by what they become. */
  readonly changes: Readonly<Partial<Record<DecisionMove, number>>>;
}

const OPPOSITE: Readonly<Record<DecisionMove, DecisionMove>> = {
  accepted: 'refused',
  refused: 'accepted',
  withdrawn: 'withdrawn',
};

/**
 * Looks the transfer up, and each named device in it. Throws `object-unknown` for a transfer or a device
 * that is not there, and `transfer-already-decided` for a named device that is decided otherwise.
 */
export async function planDecision(
  transfers: RegistryTransfers,
  wish: DecisionWish,
): Promise<DecisionPlan> {
  const transfer = await transfers.show(wish.transfer);
  const { move, scope, reason } = wish;
  const { counts } = transfer;
  const rest = { move, ...reasonFor({ reason }, move) };
  if (scope.kind === 'all') {
    return { transfer, items: [], rest, changes: { [move]: counts.offered } };
  }
  const itemMove = scope.kind === 'only' ? move : OPPOSITE[move];
  const found = await findItems(transfers, transfer.id, scope.devices);
  for (const [item] of found) refuseDecided(item, itemMove);
  const items = [...found]
    .filter(([{ state }]) => state === 'offered')
    .map(([{ deviceId }, device]): PlannedItem => {
      return { deviceId, move: itemMove, ...reasonFor({ reason, own: device.reason }, itemMove) };
    });
  if (scope.kind === 'only') {
    return { transfer, items, rest: undefined, changes: { [move]: items.length } };
  }
  const changes = { [itemMove]: items.length, [move]: counts.offered - items.length };
  const isDone = counts.offered === 0 && counts[move] + found.size === transfer.items;
  return { transfer, items, rest: isDone ? undefined : rest, changes };
}

/** A device's own reason counts whatever becomes of it, the common one where it is refused. */
function reasonFor(
  { reason, own }: { readonly reason?: string | undefined; readonly own?: string | undefined },
  move: DecisionMove,
): { readonly reason?: string } {
  const said = own ?? (move === 'refused' ? reason : undefined);
  return said === undefined ? {} : { reason: said };
}

/** The named items, each once, in the order in which the registry has them. */
async function findItems(
  transfers: RegistryTransfers,
  id: string,
  devices: readonly NamedDevice[],
): Promise<ReadonlyMap<TransferItem, NamedDevice>> {
  const wanted = new Map(devices.map((device) => [keyOf(device), device]));
  const missing = new Set(wanted.keys());
  const found = new Map<TransferItem, NamedDevice>();
  for await (const page of transfers.items(id)) {
    for (const item of page) {
      for (const key of keysOf(item)) {
        const device = wanted.get(key);
        if (!device) continue;
        missing.delete(key);
        found.set(item, device);
      }
    }
    if (missing.size === 0) return found;
  }
  const [first = ''] = missing;
  const { name = '' } = wanted.get(first) ?? {};
  throw new KeylineError('object-unknown', {
    message: `${missing.size} of the named devices are not in this transfer, the first is ${name}`,
    hint: 'Check the names, and that the file is there if one was meant; nothing was decided.',
    facts: { missing: missing.size, device: name },
  });
}

function keyOf({ kind, name }: Pick<NamedDevice, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

function keysOf({ deviceId, serial, endpointKey }: TransferItem): string[] {
  const keys = [keyOf({ kind: 'ids', name: deviceId }), keyOf({ kind: 'serials', name: serial })];
  if (endpointKey !== undefined) keys.push(keyOf({ kind: 'endpointKeys', name: endpointKey }));
  return keys;
}

function refuseDecided({ serial, state }: TransferItem, move: DecisionMove): void {
  const settled: readonly ItemState[] = ['offered', move];
  if (settled.includes(state)) return;
  throw new KeylineError('transfer-already-decided', {
    message: `${serial} is ${state} already`,
    facts: { serial, state },
  });
}

/** Where one device of a transfer request stands. */
export const ITEM_STATES = ['offered', 'accepted', 'refused', 'withdrawn', 'expired'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** Where the request stands; it follows from its items alone. */
export const TRANSFER_STATES = [
  'open',
  'partially-decided',
  'completed',
  'withdrawn',
  'expired',
] as const;
export type TransferState = (typeof TRANSFER_STATES)[number];

/** Who makes an item what it becomes: only the source withdraws, only the destination decides. */
export const ITEM_MOVES = {
  accepted: 'destination',
  refused: 'destination',
  withdrawn: 'source',
  expired: 'clock',
} as const;
export type ItemMove = keyof typeof ITEM_MOVES;
export type TransferParty = (typeof ITEM_MOVES)[ItemMove];

/** How many items are in each state. */
export type ItemCounts = Readonly<Record<ItemState, number>>;

/** No item in any state. */
export const NO_ITEMS: ItemCounts = {
  offered: 0,
  accepted: 0,
  refused: 0,
  withdrawn: 0,
  expired: 0,
};

/**
 * The item's state after `move` by `party`: the same where it is there already, so that a repeated
 * request has the same answer; undefined where it was decided otherwise or is not that party's to say.
 */
export function nextItemState(
  state: ItemState,
  move: ItemMove,
  party: TransferParty,
): ItemState | undefined {
  if (ITEM_MOVES[move] !== party) return undefined;
  return state === 'offered' || state === move ? move : undefined;
}

/**
 * The request's state: `open` until the first decision, `partially-decided` while some items are still
 * offered, then `completed` where the destination decided on any of them, else `withdrawn` or `expired`
 * by what ended the last of them.
 */
export function transferState(items: ItemCounts): TransferState {
  const decided = items.accepted + items.refused;
  const ended = decided + items.withdrawn + items.expired;
  if (items.offered > 0) return ended > 0 ? 'partially-decided' : 'open';
  if (decided > 0) return 'completed';
  return items.expired > 0 ? 'expired' : 'withdrawn';
}

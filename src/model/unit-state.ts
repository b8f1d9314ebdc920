/** Where a unit stands, from an index that nobody has to a credential that is accounted for. */
export const UNIT_STATES = [
  'free',
  'reserved',
  'writing',
  'written',
  'verified',
  'done',
  'failed',
  'scrapped',
  'replaced',
] as const;
export type UnitState = (typeof UNIT_STATES)[number];

/** What moves a unit; each is a type of ledger event. */
export const UNIT_MOVES = [
  'reserved',
  'released',
  'adopted',
  'imported',
  'rejected',
  'writing',
  'written',
  'verified',
  'checked',
  'done',
  'failed',
  'scrapped',
  'replaced',
] as const;
export type UnitMove = (typeof UNIT_MOVES)[number];

/**
 * Every move that is allowed, and where it leads. From `writing` on no way leads back to `free`: the
 * index stays with its hardware id for ever. `failed → verified` is a device that was verified again
 * without a rewrite, as after a hook that failed; `imported` and `rejected` are boards written elsewhere.
 */
const TABLE: Readonly<Record<UnitState, Readonly<Partial<Record<UnitMove, UnitState>>>>> = {
  free: { reserved: 'reserved', adopted: 'written', imported: 'done', rejected: 'failed' },
  reserved: { released: 'free', writing: 'writing' },
  writing: { written: 'written', failed: 'failed', scrapped: 'scrapped', replaced: 'replaced' },
  written: { verified: 'verified', failed: 'failed', scrapped: 'scrapped', replaced: 'replaced' },
  verified: {
    checked: 'verified',
    done: 'done',
    failed: 'failed',
    scrapped: 'scrapped',
    replaced: 'replaced',
  },
  done: { checked: 'done', failed: 'failed', scrapped: 'scrapped', replaced: 'replaced' },
  failed: {
    writing: 'writing',
    verified: 'verified',
    failed: 'failed',
    imported: 'done',
    rejected: 'failed',
    scrapped: 'scrapped',
    replaced: 'replaced',
  },
  scrapped: {},
  replaced: {},
};

/** The state after `move`, or undefined where the move is not allowed. */
export function nextState(state: UnitState, move: UnitMove): UnitState | undefined {
  return TABLE[state][move];
}

/** Whether a unit in this state still holds its hardware id; a scrapped or replaced one lets it go. */
export function isLive(state: UnitState): boolean {
  return state !== 'free' && state !== 'scrapped' && state !== 'replaced';
}

/** Whether a secret of this index may have left for a device. */
export function isUsed(state: UnitState): boolean {
  return state !== 'free' && state !== 'reserved';
}

/** Whether the unit goes into an as-built manifest: its credential was verified on the device. */
export function isVerified(state: UnitState): boolean {
  return state === 'verified' || state === 'done';
}

/** Whether nothing more is to be done for the unit. */
export function isResolved(state: UnitState): boolean {
  return state === 'done' || state === 'scrapped' || state === 'replaced';
}

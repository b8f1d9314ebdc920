import type { Random } from './random.ts';

/** Ledger events after which a station is killed. */
const MOVES = [
  'reserved',
  'writing',
  'written',
  'verified',
  'done',
  'failed',
  'released',
  'refused',
] as const;

/**
 * Where a station dies by SIGKILL: by its own hand at the n-th time that it comes to a named place, or
 * by another's at some moment. `interrupt` is Ctrl-C, after which it ends by itself.
 */
export type KillPoint =
  | { readonly at: 'place'; readonly place: Place; readonly nth: number }
  | { readonly at: 'moment'; readonly afterMs: number }
  | { readonly at: 'interrupt'; readonly afterMs: number };

/**
 * Named places. `committed:…` is an event on disk of which neither the witness nor the caller knows,
 * `recorded:…` the same event when the caller hears of it; `any` is any event. `wrote` is a port write that was handed to the
 * line, `wrote-half` one of which half was. `stamped`: the clock was read, which is within a transaction
 * most of the time. `…:ended` is a visit of a driver.
 */
export type Place =
  | `${'committed' | 'recorded'}:${(typeof MOVES)[number] | 'any'}`
  | 'wrote'
  | 'wrote-half'
  | 'stamped'
  | `${'identify' | 'inspect' | 'write' | 'verify'}:ended`;

/** What becomes known of a station before it dies at a place. */
export function placeName(point: KillPoint): string {
  return point.at === 'place' ? point.place : point.at;
}

/** A point to die at; `typicalMs` is how long a station lives that nobody kills. */
export function drawKillPoint(random: Random, typicalMs: number): KillPoint {
  const at = random.weighted([
    [30, 'ledger'],
    [25, 'port'],
    [7, 'stamped'],
    [10, 'driver'],
    [20, 'moment'],
    [8, 'interrupt'],
  ] as const);
  switch (at) {
    case 'ledger': {
      const when = random.pick(['committed', 'recorded']);
      if (random.chance(30)) return place(`${when}:any` as const, random.between(1, 25));
      return place(`${when}:${random.pick(MOVES)}` as const, random.between(1, 4));
    }
    case 'port':
      return place(random.chance(70) ? 'wrote' : 'wrote-half', random.between(1, 100));
    case 'stamped':
      return place('stamped', random.between(1, 30));
    case 'driver': {
      const visit = random.pick(['identify', 'inspect', 'write', 'verify']);
      return place(`${visit}:ended` as const, random.between(1, 6));
    }
    case 'moment':
      return { at: 'moment', afterMs: random.below(typicalMs) };
    case 'interrupt':
      return { at: 'interrupt', afterMs: random.below(typicalMs) };
  }
}

function place(name: Place, nth: number): KillPoint {
  return { at: 'place', place: name, nth };
}

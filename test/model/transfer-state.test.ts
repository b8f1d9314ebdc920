import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ITEM_MOVES,
  ITEM_STATES,
  nextItemState,
  NO_ITEMS,
  transferState,
} from '../../src/model/transfer-state.ts';
import type { ItemMove, ItemState, TransferParty } from '../../src/model/transfer-state.ts';

const MOVES = Object.keys(ITEM_MOVES) as ItemMove[];
const PARTIES: readonly TransferParty[] = ['source', 'destination', 'clock'];
const step = fc.record({
  item: fc.nat(4),
  move: fc.constantFrom(...MOVES),
  party: fc.constantFrom(...PARTIES),
});

const countsOf = (items: readonly ItemState[]): typeof NO_ITEMS =>
  items.reduce((counts, state) => ({ ...counts, [state]: counts[state] + 1 }), NO_ITEMS);

describe('an item of a transfer', () => {
  it('is decided once, by the party that may, and says the same when it is asked again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const items: ItemState[] = Array.from({ length: 5 }, () => 'offered');
        for (const { item, move, party } of steps) {
          const before = items[item] ?? 'offered';
          const after = nextItemState(before, move, party);
          if (after === undefined) continue;
          expect(ITEM_MOVES[move]).toBe(party);
          if (before !== 'offered') expect(after).toBe(before);
          expect(nextItemState(after, move, party)).toBe(after);
          items[item] = after;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['source', ['withdrawn']],
    ['destination', ['accepted', 'refused']],
    ['clock', ['expired']],
  ] as const)('that is offered becomes by its %s %j', (party, states) => {
    const reached = MOVES.map((move) => nextItemState('offered', move, party));
    expect(reached.filter((state) => state !== undefined)).toEqual(states);
  });
});

describe('a transfer', () => {
  it.each([
    [['offered', 'offered'], 'open'],
    [['offered', 'accepted'], 'partially-decided'],
    [['offered', 'withdrawn'], 'partially-decided'],
    [['accepted', 'refused'], 'completed'],
    [['refused', 'withdrawn'], 'completed'],
    [['refused', 'expired'], 'completed'],
    [['withdrawn', 'withdrawn'], 'withdrawn'],
    [['withdrawn', 'expired'], 'expired'],
  ] as const)('with items %j is %s', (items, state) => {
    expect(transferState(countsOf(items))).toBe(state);
  });

  it('is over exactly when no item is offered', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ITEM_STATES), { minLength: 1 }), (items) => {
        const isOver = !['open', 'partially-decided'].includes(transferState(countsOf(items)));
        expect(isOver).toBe(!items.includes('offered'));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLive, isUsed, nextState, UNIT_MOVES, UNIT_STATES } from '../../src/model/unit-state.ts';
import type { UnitMove, UnitState } from '../../src/model/unit-state.ts';

/** The law, written again as sentences of two states: from, then all that may follow. */
const LAW: Record<UnitState, readonly UnitState[]> = {
  free: ['reserved', 'written', 'done', 'failed'],
  reserved: ['free', 'writing'],
  writing: ['written', 'failed', 'scrapped', 'replaced'],
  written: ['verified', 'failed', 'scrapped', 'replaced'],
  verified: ['verified', 'done', 'failed', 'scrapped', 'replaced'],
  done: ['done', 'failed', 'scrapped', 'replaced'],
  failed: ['writing', 'verified', 'failed', 'done', 'scrapped', 'replaced'],
  scrapped: [],
  replaced: [],
};

const walk = fc.array(fc.constantFrom(...UNIT_MOVES), { maxLength: 60 });

function follow(
  moves: readonly UnitMove[],
  seen: (state: UnitState, move: UnitMove) => void,
): void {
  let state: UnitState = 'free';
  for (const move of moves) {
    const next = nextState(state, move);
    if (next === undefined) continue;
    state = next;
    seen(state, move);
  }
}

describe('the states of a unit', () => {
  it.each(UNIT_STATES)('lead from %s exactly where the law says', (state) => {
    const reached = UNIT_MOVES.map((move) => nextState(state, move)).filter((next) => next);
    expect([...new Set(reached)].sort()).toEqual([...LAW[state]].sort());
  });

  it('never lead back to free once a secret may have left', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        let used = false;
        follow(moves, (state) => {
          used ||= isUsed(state);
          if (used) expect(isUsed(state)).toBe(true);
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('reach verified only by an event that carries evidence', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        let before: UnitState = 'free';
        follow(moves, (state, move) => {
          if (state === 'verified' && before !== 'verified') expect(move).toBe('verified');
          if (state === 'done' && before !== 'done') {
            expect(move === 'imported' || before === 'verified').toBe(true);
          }
          before = state;
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('reach writing only with a reservation or after a failure', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        let before: UnitState = 'free';
        follow(moves, (state, move) => {
          if (move === 'writing') expect(['reserved', 'failed']).toContain(before);
          before = state;
        });
      }),
    );
  });

  it('end for good with a unit that is scrapped or replaced, which lets its hardware id go', () => {
    for (const state of ['scrapped', 'replaced'] as const) {
      expect(UNIT_MOVES.filter((move) => nextState(state, move) !== undefined)).toEqual([]);
      expect(isLive(state)).toBe(false);
    }
    expect(UNIT_STATES.filter((state) => !isLive(state))).toEqual(['free', 'scrapped', 'replaced']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEVICE_MOVES,
  ENROLLMENT_STATES,
  isAllowed,
  mayBeOffered,
  mayProve,
  nextDeviceState,
  PROVISIONING_STATES,
} from '../../src/model/device-state.ts';
import type { DeviceMove, DeviceState } from '../../src/model/device-state.ts';

/** The law once more, as pairs. */
const PAIRS = [
  ...['planned/pending', 'planned/enrolled', 'planned/quarantined', 'planned/retired'],
  ...['verified/pending', 'verified/enrolled', 'verified/quarantined', 'verified/retired'],
  ...['failed/pending', 'failed/quarantined', 'failed/retired'],
  'scrapped/retired',
];

const START: DeviceState = { provisioning: 'planned', enrollment: 'pending' };
const walk = fc.array(fc.constantFrom(...DEVICE_MOVES), { maxLength: 40 });
const pair = ({ provisioning, enrollment }: DeviceState): string => `${provisioning}/${enrollment}`;

function follow(
  moves: readonly DeviceMove[],
  seen: (after: DeviceState, move: DeviceMove, before: DeviceState) => void,
): void {
  let state = START;
  for (const move of moves) {
    const next = nextDeviceState(state, move);
    if (!next) continue;
    seen(next, move, state);
    state = next;
  }
}

describe('the states of a device', () => {
  it('are the twelve pairs of the law', () => {
    const all = PROVISIONING_STATES.flatMap((provisioning) =>
      ENROLLMENT_STATES.map((enrollment) => ({ provisioning, enrollment })),
    );
    expect(all.filter(isAllowed).map(pair).sort()).toEqual(PAIRS.toSorted());
  });

  it('are reached, all of them, and no others', () => {
    const reached = new Set([pair(START)]);
    fc.assert(
      fc.property(walk, (moves) => {
        follow(moves, (state) => {
          expect(isAllowed(state)).toBe(true);
          reached.add(pair(state));
        });
      }),
      { numRuns: 3000, seed: 4 },
    );
    expect([...reached].sort()).toEqual(PAIRS.toSorted());
  });

  it('are the same after the same move again', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        follow(moves, (state, move) => {
          if (move !== 'rejoined') expect(nextDeviceState(state, move)).toEqual(state);
        });
      }),
    );
  });

  it('leave retired and scrapped for nothing', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        follow(moves, (after, _, before) => {
          if (before.enrollment === 'retired') expect(after.enrollment).toBe('retired');
          if (before.provisioning === 'scrapped') expect(after).toEqual(before);
        });
      }),
    );
  });

  it('leave quarantine by an account’s word alone, never by a proof', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        follow(moves, (after, move, before) => {
          const left = before.enrollment === 'quarantined' && after.enrollment !== 'quarantined';
          if (left) expect(['rejoined', 'retired', 'scrapped']).toContain(move);
        });
      }),
    );
  });

  it('become enrolled by a proof alone', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        follow(moves, (after, move, before) => {
          if (after.enrollment === 'enrolled' && before.enrollment !== 'enrolled') {
            expect(move).toBe('proved');
          }
        });
      }),
    );
  });

  it('take a proof of a planned device, whose report may come late, and of no failed one', () => {
    expect(mayProve({ provisioning: 'planned', enrollment: 'pending' })).toBe(true);
    expect(mayProve({ provisioning: 'failed', enrollment: 'pending' })).toBe(false);
    expect(mayProve({ provisioning: 'verified', enrollment: 'quarantined' })).toBe(false);
  });

  it('can be offered once verified, planned only where said, quarantined and retired never', () => {
    const state = (text: string): DeviceState => {
      const [provisioning, enrollment] = text.split('/');
      return { provisioning, enrollment } as DeviceState;
    };
    const offered = (planned: boolean): string[] =>
      PAIRS.filter((text) => mayBeOffered(state(text), planned));
    expect(offered(false)).toEqual(['verified/pending', 'verified/enrolled']);
    expect(offered(true)).toEqual([
      ...['planned/pending', 'planned/enrolled'],
      ...['verified/pending', 'verified/enrolled'],
    ]);
  });
});

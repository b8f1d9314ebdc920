import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HELD_STATES, noCounts, reconcile } from '../../src/model/reconciliation.ts';
import type { PartCounts } from '../../src/model/reconciliation.ts';

const part = fc
  .record({
    free: fc.nat(1000),
    surrendered: fc.nat(50),
    elsewhere: fc.nat(50),
    held: fc.array(fc.nat(100), { minLength: HELD_STATES.length, maxLength: HELD_STATES.length }),
  })
  .map(({ held, ...counts }): PartCounts => {
    const states = Object.fromEntries(HELD_STATES.map((state, at) => [state, held[at] ?? 0]));
    const { free, surrendered, elsewhere } = counts;
    const admitted = [free, surrendered, elsewhere, ...held].reduce((a, b) => a + b);
    return { ...counts, admitted, states: states as PartCounts['states'] };
  });
const ledger = fc.record({ planned: part, spare: part });

describe('a reconciliation', () => {
  it('of one ledger that has the whole lot says where each unit is', () => {
    const planned = {
      ...noCounts(),
      admitted: 10,
      free: 3,
      states: { ...noCounts().states, done: 4, failed: 1, scrapped: 1, replaced: 1 },
    };
    const spare = {
      ...noCounts(),
      admitted: 2,
      free: 1,
      states: { ...noCounts().states, done: 1 },
    };
    const result = reconcile({ size: 10, spare: 2 }, [{ planned, spare }]);
    expect(result).toMatchObject({ addsUp: true, spareUsed: 1 });
    expect(result.planned).toMatchObject({ total: 10, notAdmitted: 0, difference: 0, free: 3 });
  });

  it('adds up for any ledgers whose units are all accounted for', () => {
    fc.assert(
      fc.property(fc.array(ledger, { maxLength: 4 }), fc.nat(99), (ledgers, rest) => {
        const all = (of: 'planned' | 'spare'): number =>
          ledgers.reduce((sum, counts) => sum + counts[of].admitted, rest);
        const result = reconcile({ size: all('planned'), spare: all('spare') }, ledgers);
        expect(result.addsUp).toBe(true);
        expect(result.planned.notAdmitted).toBe(rest);
      }),
    );
  });

  it('does not add up when a single unit is missing or there twice', () => {
    fc.assert(
      fc.property(
        ledger,
        fc.constantFrom(-1, 1),
        fc.constantFrom(...HELD_STATES),
        (one, by, state) => {
          const states = { ...one.planned.states, [state]: one.planned.states[state] + by };
          const wrong = { ...one, planned: { ...one.planned, states } };
          const lot = { size: one.planned.admitted, spare: one.spare.admitted };
          const result = reconcile(lot, [wrong]);
          expect(result.addsUp).toBe(false);
          expect(result.planned.difference).toBe(-by);
        },
      ),
    );
  });

  it('does not add up when two ledgers were given the same units', () => {
    const planned = { ...noCounts(), admitted: 10, free: 10 };
    const counts = { planned, spare: noCounts() };
    expect(reconcile({ size: 10, spare: 0 }, [counts, counts]).addsUp).toBe(false);
  });
});

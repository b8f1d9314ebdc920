import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexRuns } from '../../src/model/index-runs.ts';
import { rangeEnd } from '../../src/model/range.ts';

const indexes = fc.uniqueArray(fc.nat(400)).map((all) => [...all].sort((a, b) => a - b));
const within = [
  { from: 0, count: 100 },
  { from: 150, count: 100 },
  { from: 250, count: 50 },
];

describe('runs of indexes', () => {
  it('hold every index and no other where there is room for all of them', () => {
    const runs = new IndexRuns(within);
    const taken = [0, 1, 2, 5, 99, 100, 150, 249, 250, 299, 300].filter((index) => runs.add(index));
    expect(taken).toEqual([0, 1, 2, 5, 99, 150, 249, 250, 299]);
    expect(runs.ranges()).toEqual([
      { from: 0, count: 3 },
      ...[5, 99, 150, 249, 250, 299].map((from) => ({ from, count: 1 })),
    ]);
  });

  it('stay few, hold every index, and reach over the end of nothing', () => {
    fc.assert(
      fc.property(indexes, fc.integer({ min: 3, max: 8 }), (all, most) => {
        const runs = new IndexRuns(within, most);
        const taken = all.filter((index) => runs.add(index));
        const ranges = runs.ranges();
        expect(runs.count).toBe(taken.length);
        expect(ranges.length).toBeLessThanOrEqual(most);
        const inside = (index: number): boolean =>
          ranges.some((range) => range.from <= index && index < rangeEnd(range));
        expect(taken.every(inside)).toBe(true);
        for (const range of ranges) {
          expect(taken).toContain(range.from);
          expect(taken).toContain(rangeEnd(range) - 1);
          expect(
            within.some((one) => one.from <= range.from && rangeEnd(range) <= rangeEnd(one)),
          ).toBe(true);
        }
        for (const [at, range] of ranges.slice(1).entries()) {
          expect(range.from).toBeGreaterThan(rangeEnd(ranges[at] ?? range) - 1);
        }
      }),
    );
  });
});

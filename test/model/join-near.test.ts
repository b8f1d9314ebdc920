import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinNear } from '../../src/model/join-near.ts';
import { contains, rangeEnd } from '../../src/model/range.ts';
import type { Range } from '../../src/model/range.ts';

const within = [
  { from: 0, count: 50_000 },
  { from: 60_000, count: 50_000 },
];
const spans = fc.array(fc.tuple(fc.nat(12_000), fc.integer({ min: 1, max: 900 })), {
  maxLength: 9,
});

it('near ranges become one, which lies where all of it is held and leaves none of them out', () => {
  fc.assert(
    fc.property(spans, (drawn) => {
      const ranges: Range[] = [];
      let end = 0;
      for (const [gap, count] of drawn) {
        const range = { from: end + gap, count };
        end = rangeEnd(range);
        if (within.some((one) => contains(one, range))) ranges.push(range);
      }
      const joined = joinNear(ranges, within);
      for (const range of ranges) {
        expect(joined.filter((one) => contains(one, range))).toHaveLength(1);
      }
      for (const [at, one] of joined.entries()) {
        expect(within.some((held) => contains(held, one))).toBe(true);
        const next = joined[at + 1];
        if (next) expect(next.from).toBeGreaterThanOrEqual(rangeEnd(one));
      }
    }),
  );
});

it('ranges with few units between them are one, and those far apart or held apart are not', () => {
  const one = (from: number): Range => ({ from, count: 1 });
  expect(joinNear([one(0), one(2), one(8000)], within)).toEqual([{ from: 0, count: 8001 }]);
  expect(joinNear([one(0), one(9000)], within)).toEqual([one(0), one(9000)]);
  expect(joinNear([one(49_999), one(60_000)], within)).toEqual([one(49_999), one(60_000)]);
});

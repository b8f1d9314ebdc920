import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contains, intersection, rangeEnd, roundToBlocks } from '../../src/model/range.ts';

const range = fc.record({
  from: fc.integer({ min: 0, max: 2 ** 47 }),
  count: fc.integer({ min: 1, max: 2 ** 30 }),
});

test('rounding covers the range with whole blocks and no block too many', () => {
  fc.assert(
    fc.property(range, (inner) => {
      const outer = roundToBlocks(inner);
      expect(contains(outer, inner)).toBe(true);
      expect([outer.from % 4096, outer.count % 4096]).toEqual([0, 0]);
      expect(inner.from - outer.from).toBeLessThan(4096);
      expect(rangeEnd(outer) - rangeEnd(inner)).toBeLessThan(4096);
    }),
  );
});

test('an intersection is the same both ways and inside both', () => {
  fc.assert(
    fc.property(range, range, (a, b) => {
      const both = intersection(a, b);
      expect(both).toEqual(intersection(b, a));
      if (both) expect(contains(a, both) && contains(b, both)).toBe(true);
      else expect(rangeEnd(a) <= b.from || rangeEnd(b) <= a.from).toBe(true);
    }),
  );
});

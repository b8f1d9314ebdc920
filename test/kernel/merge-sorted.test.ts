import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeSorted } from '../../src/kernel/merge-sorted.ts';

const compare = (a: number, b: number): number => a - b;
const ascending = fc.uniqueArray(fc.nat(50)).map((items) => [...items].sort(compare));

async function* slowly(items: readonly number[]): AsyncGenerator<number> {
  for (const item of items) yield Promise.resolve(item);
}

describe('merging sorted sources', () => {
  it('gives every item once, in order, equal ones together and each with its source', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ascending, { maxLength: 4 }), async (sources) => {
        const mixed = sources.map((items, at) => (at % 2 === 0 ? items : slowly(items)));
        const groups = [];
        for await (const group of mergeSorted(mixed, compare)) groups.push(group);
        const keys = groups.map(([first]) => first?.item ?? -1);
        expect(keys).toEqual([...new Set(sources.flat())].sort(compare));
        for (const group of groups) {
          expect(group.map(({ source }) => source)).toEqual(
            sources.flatMap((items, at) => (items.includes(group[0]?.item ?? -1) ? [at] : [])),
          );
        }
      }),
    );
  });

  it('ends its sources when its reader stops', async () => {
    let ended = 0;
    function* endless(): Generator<number> {
      try {
        for (let at = 0; ; at++) yield at;
      } finally {
        ended++;
      }
    }
    for await (const group of mergeSorted([endless(), endless()], compare)) {
      expect(group).toHaveLength(2);
      break;
    }
    expect(ended).toBe(2);
  });
});

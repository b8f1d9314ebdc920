import { contains, rangeEnd } from './range.ts';
import type { Range } from './range.ts';

/** Deriving this many units that nobody asked for takes less time than beginning anew behind them. */
const NEAR_UNITS = 8192;

/** Ascending ranges with those joined that are near each other, where one of `within` has all between them. */
export function joinNear(ranges: readonly Range[], within: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    const both = last && { from: last.from, count: rangeEnd(range) - last.from };
    const isNear = last && range.from - rangeEnd(last) <= NEAR_UNITS;
    if (both && isNear && within.some((one) => contains(one, both)))
      joined[joined.length - 1] = both;
    else joined.push(range);
  }
  return joined;
}

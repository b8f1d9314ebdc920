import { intersection, rangeEnd } from './range.ts';
import type { Range } from './range.ts';
import { mergeRanges } from './merge-ranges.ts';

/** The parts of a range that none of `taken` has, ascending and apart; `taken` may come in any order. */
export function subtractRanges(range: Range, taken: readonly Range[]): Range[] {
  const parts: Range[] = [];
  let from = range.from;
  const end = rangeEnd(range);
  for (const one of mergeRanges(taken)) {
    const met = intersection(one, { from, count: end - from });
    if (!met) continue;
    if (met.from > from) parts.push({ from, count: met.from - from });
    from = rangeEnd(met);
    if (from >= end) return parts;
  }
  return [...parts, { from, count: end - from }];
}

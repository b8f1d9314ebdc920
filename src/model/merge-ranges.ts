import { rangeEnd } from './range.ts';
import type { Range } from './range.ts';

/** The same indexes in as few ranges as there can be, ascending and apart. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged[merged.length - 1];
    if (last !== undefined && range.from <= rangeEnd(last)) {
      const end = Math.max(rangeEnd(last), rangeEnd(range));
      merged[merged.length - 1] = { from: last.from, count: end - last.from };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

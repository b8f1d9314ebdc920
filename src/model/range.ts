/** Units in a block: the smallest thing that can be granted (keyline/v1). */
export const BLOCK_UNITS = 4096;

/** One more than the greatest unit index of any lot. */
export const INDEX_LIMIT = 2 ** 48;

/** Consecutive unit indexes, `from … from + count − 1`. */
export interface Range {
  readonly from: number;
  readonly count: number;
}

/** One past the range's last index. */
export function rangeEnd(range: Range): number {
  return range.from + range.count;
}

/** The block that holds this index. */
export function blockOf(index: number): number {
  return Math.floor(index / BLOCK_UNITS);
}

/** The smallest range of whole blocks around `range`. */
export function roundToBlocks(range: Range): Range {
  const from = blockOf(range.from) * BLOCK_UNITS;
  const end = Math.ceil(rangeEnd(range) / BLOCK_UNITS) * BLOCK_UNITS;
  return { from, count: end - from };
}

/** True when every index of `inner` is in `outer`. */
export function contains(outer: Range, inner: Range): boolean {
  return outer.from <= inner.from && rangeEnd(inner) <= rangeEnd(outer);
}

/** The indexes that both ranges have, or undefined. */
export function intersection(a: Range, b: Range): Range | undefined {
  const from = Math.max(a.from, b.from);
  const count = Math.min(rangeEnd(a), rangeEnd(b)) - from;
  return count > 0 ? { from, count } : undefined;
}

/** `A-B` as people write and read a range: first and last index, both included. */
export function formatRange(range: Range): string {
  return `${range.from}-${rangeEnd(range) - 1}`;
}

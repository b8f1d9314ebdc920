/** An item, and which of the sources gave it. */
export interface Sourced<T> {
  readonly source: number;
  readonly item: T;
}

/**
 * Merges sources that are each in ascending order into one order. Yields groups: all items that compare
 * as equal stand in one, those of an earlier source first. One item of each source is held at a time.
 */
export async function* mergeSorted<T>(
  sources: readonly (AsyncIterable<T> | Iterable<T>)[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<readonly Sourced<T>[], void> {
  const iterators = sources.map(iteratorOf);
  try {
    const heads: IteratorResult<T, unknown>[] = [];
    for (const iterator of iterators) heads.push(await iterator.next());
    for (;;) {
      const least = leastOf(heads, compare);
      if (least === undefined) return;
      const group: Sourced<T>[] = [];
      for (const [source, iterator] of iterators.entries()) {
        for (let head = heads[source]; head && isEqual(head, least.value, compare);) {
          group.push({ source, item: head.value });
          head = await iterator.next();
          heads[source] = head;
        }
      }
      yield group;
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}

type Iterators<T> = AsyncIterator<T, unknown> | Iterator<T, unknown>;

function iteratorOf<T>(source: AsyncIterable<T> | Iterable<T>): Iterators<T> {
  return Symbol.asyncIterator in source
    ? source[Symbol.asyncIterator]()
    : source[Symbol.iterator]();
}

function leastOf<T>(
  heads: readonly IteratorResult<T, unknown>[],
  compare: (a: T, b: T) => number,
): IteratorYieldResult<T> | undefined {
  let least: IteratorYieldResult<T> | undefined;
  for (const head of heads) {
    if (head.done === true) continue;
    if (least === undefined || compare(head.value, least.value) < 0) least = head;
  }
  return least;
}

function isEqual<T>(
  head: IteratorResult<T, unknown>,
  item: T,
  compare: (a: T, b: T) => number,
): head is IteratorYieldResult<T> {
  return head.done !== true && compare(head.value, item) === 0;
}

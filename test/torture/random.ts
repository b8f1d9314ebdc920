import { createHash } from 'node:crypto';

/** Chance with a name: the same name gives the same chances, whatever was drawn under other names. */
export class Random {
  readonly #name: string;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Chances of their own, so that one more draw in one place moves nothing in another. */
  fork(name: string | number): Random {
    return new Random(`${this.#name}/${name}`);
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    return this.#next() % below;
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True in `percent` of a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<const T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** One of `items` as often as its weight says; weights are whole. */
  weighted<const T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      if (left < weight) return item;
      left -= weight;
    }
    throw new Error('nothing to choose from');
  }

  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    return items.map(() => left.splice(this.below(left.length), 1)).flat();
  }

  #next(): number {
    const text = `${this.#name}#${this.#count++}`;
    return createHash('sha256').update(text).digest().readUInt32BE(0);
  }
}

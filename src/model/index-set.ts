const PAGE_BITS = 32_768;

/** A set of unit indexes with one bit for each, in pages of 4 KiB that are made where there is one. */
export class IndexSet {
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    const [page, at, bit] = placeOf(index);
    return ((this.#pages.get(page)?.[at] ?? 0) & bit) !== 0;
  }

  /** Adds an index that may be in the set. */
  add(index: number): void {
    if (this.has(index)) return;
    const [number, at, bit] = placeOf(index);
    let page = this.#pages.get(number);
    if (!page) {
      page = new Uint8Array(PAGE_BITS / 8);
      this.#pages.set(number, page);
    }
    page[at] = (page[at] ?? 0) | bit;
    this.#size++;
  }

  /** Removes an index that may not be in the set. */
  delete(index: number): void {
    if (!this.has(index)) return;
    const [number, at, bit] = placeOf(index);
    const page = this.#pages.get(number);
    if (page) page[at] = (page[at] ?? 0) & ~bit;
    this.#size--;
  }

  clear(): void {
    this.#pages.clear();
    this.#size = 0;
  }
}

function placeOf(index: number): [page: number, at: number, bit: number] {
  const within = index % PAGE_BITS;
  return [Math.floor(index / PAGE_BITS), within >> 3, 1 << (within & 7)];
}

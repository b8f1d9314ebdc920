/** Values that are remembered; 2^22 places of 8 bytes are 32 MiB. */
const LIMIT = 2 ** 21;

/**
 * Finds values that stand twice among the first two million, by fingerprints of 64 bits in a table
 * that never grows beyond 32 MiB: memory stays flat, and later values are not remembered.
 */
export class RepeatFilter {
  #high = new Uint32Array(2 ** 12);
  #low = new Uint32Array(2 ** 12);
  #count = 0;

  /** How many values are remembered at most. */
  static readonly limit = LIMIT;

  /** Whether this text was there before; remembers it while there is room. */
  hasText(text: string): boolean {
    return this.#has(...fingerprint(text));
  }

  /** The same for 16 bytes that are evenly distributed, such as an endpoint key's. */
  hasKey(bytes: Uint8Array): boolean {
    return this.#has(word(bytes, 0) ^ word(bytes, 8), word(bytes, 4) ^ word(bytes, 12));
  }

  #has(first: number, second: number): boolean {
    // 0 marks a free place.
    const high = first >>> 0 || 1;
    const low = second >>> 0;
    const at = this.#placeOf(high, low);
    if (this.#high[at] === high && this.#low[at] === low) return true;
    if (this.#count >= LIMIT) return false;
    this.#high[at] = high;
    this.#low[at] = low;
    this.#count++;
    if (this.#count * 2 > this.#high.length) this.#grow();
    return false;
  }

  /** Where the fingerprint is, or the free place where it belongs. */
  #placeOf(high: number, low: number): number {
    const mask = this.#high.length - 1;
    let at = low & mask;
    while (this.#high[at] !== 0 && (this.#high[at] !== high || this.#low[at] !== low)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  #grow(): void {
    const [high, low] = [this.#high, this.#low];
    this.#high = new Uint32Array(high.length * 2);
    this.#low = new Uint32Array(high.length * 2);
    for (let at = 0; at < high.length; at++) {
      const value = high[at] ?? 0;
      if (value === 0) continue;
      const place = this.#placeOf(value, low[at] ?? 0);
      this.#high[place] = value;
      this.#low[place] = low[at] ?? 0;
    }
  }
}

/** Two 32-bit mixes in the manner of FNV-1a. */
function fingerprint(text: string): [number, number] {
  let high = 0x811c9dc5;
  let low = 0x9e3779b9;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b);
    low ^= low >>> 13;
  }
  return [high ^ (high >>> 15), low ^ (low >>> 16)];
}

function word(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return (a << 24) | (b << 16) | (c << 8) | d;
}

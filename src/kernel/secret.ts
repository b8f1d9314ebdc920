const REDACTED = '[secret]';
// What `inspect.custom` of node:util is, without loading that: it is 3 ms of a start on Node 24.
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Secret bytes that print as `[secret]` in every way JavaScript can print, and that are wiped on
 * disposal. Bytes are lent to a synchronous callback, never handed out. Zeroing is best effort: the
 * engine may have moved or copied the memory before.
 */
export class Secret implements Disposable {
  readonly #bytes: Uint8Array;
  #disposed = false;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes ownership: the caller's array is the secret's own memory from now on and is wiped with it. */
  static take(bytes: Uint8Array): Secret {
    return new Secret(bytes);
  }

  /** Copies `bytes`; the caller's array stays the caller's to wipe. */
  static copyOf(bytes: Uint8Array): Secret {
    return new Secret(Uint8Array.from(bytes));
  }

  /** Length in bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Lends the bytes for the length of one synchronous call. The callback must not keep or return them. */
  use<T>(borrow: (bytes: Uint8Array) => T): T {
    if (this.#disposed) throw new Error('a secret was used after it was wiped');
    return borrow(this.#bytes);
  }

  /** A second owner of the same bytes, disposed on its own. */
  clone(): Secret {
    return this.use((bytes) => Secret.copyOf(bytes));
  }

  [Symbol.dispose](): void {
    this.#bytes.fill(0);
    this.#disposed = true;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [INSPECT](): string {
    return REDACTED;
  }
}

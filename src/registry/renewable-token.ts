/** Where another token comes from, once the registry does not take `refused` any more. */
export type TokenSource = (refused: string) => Promise<string | undefined>;

/** A token that may be replaced while requests are under way; whoever finds it refused renews it once for all. */
export class RenewableToken {
  #current: string;
  readonly #source: TokenSource | undefined;
  #renewal: Promise<string | undefined> | undefined;

  /** Without a source it stays what it is. */
  constructor(current: string, source?: TokenSource) {
    this.#current = current;
    this.#source = source;
  }

  get current(): string {
    return this.#current;
  }

  /** Whether there is another token than `refused` now. Throws what the source throws. */
  async renewAfter(refused: string): Promise<boolean> {
    if (this.#current !== refused) return true;
    if (!this.#source) return false;
    this.#renewal ??= this.#source(refused).finally(() => {
      this.#renewal = undefined;
    });
    this.#current = (await this.#renewal) ?? this.#current;
    return this.#current !== refused;
  }
}

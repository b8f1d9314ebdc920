/** Counts units of all slots against a limit: never more are begun than may still pass. */
export class UnitLimit {
  readonly #limit: number;
  #passed = 0;
  #inHand = 0;
  #waiting: (() => void)[] = [];

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  get isReached(): boolean {
    return this.#passed >= this.#limit;
  }

  /** Resolves true when a unit may be begun, false when the limit is reached or the signal fires. */
  async begin(signal: AbortSignal): Promise<boolean> {
    while (!this.isReached && !signal.aborted && this.#passed + this.#inHand >= this.#limit) {
      let wake: () => void = () => undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        this.#waiting.push(resolve);
        signal.addEventListener('abort', wake, { once: true });
      });
      signal.removeEventListener('abort', wake);
    }
    if (this.isReached || signal.aborted) return false;
    this.#inHand += 1;
    return true;
  }

  /** A unit that was begun has ended; `counts` where it passed and had not passed before. */
  end(counts: boolean): void {
    this.#inHand -= 1;
    if (counts) this.#passed += 1;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

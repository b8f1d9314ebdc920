type OnWake = (id: string | undefined) => void;

/** Whoever waits for changes in this process; to tell of an id costs its watchers only. */
export class Wakes {
  readonly #all = new Set<OnWake>();
  readonly #ofEveryId = new Set<OnWake>();
  readonly #ofId = new Map<string, Set<OnWake>>();

  /** Calls `onWake` from now on, until disposed: of these ids or of every one, and where something may have been missed. */
  watch(onWake: OnWake, ids?: readonly string[]): Disposable {
    // Its own function, so that one that is given twice is called twice.
    const watcher: OnWake = (id) => {
      onWake(id);
    };
    this.#all.add(watcher);
    if (!ids) this.#ofEveryId.add(watcher);
    for (const id of ids ?? []) {
      const watchers = this.#ofId.get(id);
      if (watchers) watchers.add(watcher);
      else this.#ofId.set(id, new Set([watcher]));
    }
    return {
      [Symbol.dispose]: () => {
        this.#all.delete(watcher);
        this.#ofEveryId.delete(watcher);
        for (const id of ids ?? []) {
          const watchers = this.#ofId.get(id);
          if (watchers?.delete(watcher) && watchers.size === 0) this.#ofId.delete(id);
        }
      },
    };
  }

  /** Tells whoever watches the id; undefined tells everyone that something may have been missed. */
  tell(id: string | undefined): void {
    const watchers =
      id === undefined ? this.#all : [...this.#ofEveryId, ...(this.#ofId.get(id) ?? [])];
    for (const watcher of [...watchers]) watcher(id);
  }
}

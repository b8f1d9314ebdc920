/** Whoever waits for changes in this process. */
export class Wakes {
  readonly #watchers = new Set<(id: string | undefined) => void>();

  /** Calls `onWake` from now on, until disposed. */
  watch(onWake: (id: string | undefined) => void): Disposable {
    // Its own function, so that one that is given twice is called twice.
    const watcher = (id: string | undefined): void => {
      onWake(id);
    };
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** Tells everyone; undefined says that something may have been missed. */
  tell(id: string | undefined): void {
    for (const watcher of [...this.#watchers]) watcher(id);
  }
}

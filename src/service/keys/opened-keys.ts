import type { KeyObject } from 'node:crypto';
import type { Change } from '../store/store.ts';
import type { MasterKey } from './master-key.ts';
import { ensureOwnerKey, openOwnerKey } from './owner-key.ts';

/** Owner keys as one transaction needs them, each asked for and opened once; let go with it. */
export class OpenedKeys {
  readonly #change: Change;
  readonly #masterKey: MasterKey;
  readonly #public = new Map<string, Uint8Array>();
  readonly #private = new Map<string, KeyObject | undefined>();

  constructor(change: Change, masterKey: MasterKey) {
    this.#change = change;
    this.#masterKey = masterKey;
  }

  /** The account's owner key (SPKI), made where it has none. */
  async ensure(accountId: string): Promise<Uint8Array> {
    const held = this.#public.get(accountId);
    if (held) return held;
    const key = await ensureOwnerKey(this.#change, this.#masterKey, accountId);
    this.#public.set(accountId, key);
    return key;
  }

  /** The account's private owner key, or undefined where it has none here. Throws `master-key-invalid`. */
  async open(accountId: string): Promise<KeyObject | undefined> {
    if (!this.#private.has(accountId)) {
      const key = await openOwnerKey(this.#change.db, this.#masterKey, accountId);
      this.#private.set(accountId, key);
    }
    return this.#private.get(accountId);
  }
}

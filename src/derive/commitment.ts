import { sha256 } from '@noble/hashes/sha2.js';
import { endpointPrefix } from '../model/hierarchy.ts';
import type { ProvisioningKey } from '../model/ids.ts';

type Hash = ReturnType<typeof sha256.create>;

/** Endpoint keys under one provisioning key, whose 64-byte prefix is hashed once. */
export class Commitment implements Disposable {
  readonly #prefix: Hash;
  readonly #work: Hash = sha256.create();
  readonly #digest = new Uint8Array(32);

  constructor(provisioningKey: ProvisioningKey) {
    this.#prefix = sha256.create().update(endpointPrefix(provisioningKey));
  }

  /** Endpoint keys of packed committed values of one size, packed into `out`, 16 bytes each. */
  commit(committed: Uint8Array, out: Uint8Array): void {
    const sizeBytes = (committed.length / out.length) * 16;
    for (let from = 0, to = 0; to < out.length; from += sizeBytes, to += 16) {
      const value = committed.subarray(from, from + sizeBytes);
      this.#prefix._cloneInto(this.#work).update(value).digestInto(this.#digest);
      out.set(this.#digest.subarray(0, 16), to);
    }
  }

  /** The last committed value may have been a secret. */
  [Symbol.dispose](): void {
    this.#work.destroy();
    this.#digest.fill(0);
  }
}

import type { Secret } from '../kernel/secret.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import type { Scheme } from '../model/lot.ts';
import type { Range } from '../model/range.ts';
import type { PublicKeyMaker } from './keys/public-key-maker.ts';

/**
 * What every scheme of keyline/v1 is computed with, in bulk. It holds one block secret at a time and
 * wipes it when the next is set and on disposal.
 */
export interface Primitives extends Disposable {
  /** Of the scheme that they were opened for; a scheme of shared secrets has none. */
  readonly publicKeys: PublicKeyMaker | undefined;
  setProvisioningKey(provisioningKey: ProvisioningKey): void;
  /** 32 bytes; the secret stays the caller's. */
  setBlock(blockSecret: Secret): void;
  /**
   * For each index of `range`, all of the block set, Expand(label || 00 || u64(index)); packed into
   * `out`, which holds range.count values of 1 to 64 bytes.
   */
  expand(label: string, range: Range, out: Uint8Array): void;
  /** Endpoint keys of packed committed values of one size, packed into `out`, 16 bytes each. */
  commit(committed: Uint8Array, out: Uint8Array): void;
}

/** Opens primitives for one scheme; what a scheme does not need is not even loaded. */
export type OpenPrimitives = (scheme: Scheme) => Promise<Primitives>;

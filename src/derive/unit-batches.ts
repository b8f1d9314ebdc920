import { BLOCK_UNITS, blockOf, rangeEnd } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { Scheme } from '../model/lot.ts';
import type { UnitBatch, UnitNeeds } from '../model/unit.ts';
import type { DeriveSource } from './derive-source.ts';
import type { Primitives } from './primitives.ts';
import { createCredentials } from './credentials.ts';
import { LentBatch } from './lent-batch.ts';

/** Units of one batch: about 2 to 10 ms of work by the fast primitives. */
const BATCH_UNITS: Record<Scheme, number> = {
  psk: 1024,
  'azure-dps': 1024,
  ed25519: 128,
  p256: 256,
  'x509-p256': 128,
};

/** How the batches of one derivation are made. */
export interface BatchOptions {
  /** The caller's, and used by one derivation at a time. */
  readonly primitives: Primitives;
  readonly needs: UnitNeeds;
}

/**
 * The range's units, batch after batch within their blocks, made as they are asked for. A batch's
 * memory is wiped and used again for the next one. Throws `outside-grant`.
 */
export function* unitBatches(
  source: DeriveSource,
  range: Range,
  { primitives, needs }: BatchOptions,
): Generator<UnitBatch> {
  primitives.setProvisioningKey(source.lot.provisioningKey);
  using credentials = createCredentials(source, primitives, needs);
  const most = BATCH_UNITS[source.lot.scheme];
  using batch = new LentBatch(most, credentials.publicKeyBytes, needs);
  let block = -1;
  for (let from = range.from; from < rangeEnd(range); from += batch.count) {
    if (blockOf(from) !== block) {
      block = blockOf(from);
      using secret = source.secrets.blockSecret(block);
      primitives.setBlock(secret);
    }
    const end = Math.min(rangeEnd(range), (block + 1) * BLOCK_UNITS, from + most);
    batch.begin({ from, count: end - from });
    credentials.fill(batch);
    if (batch.claimCodes) primitives.expand('keyline/v1 claim', batch, batch.claimCodes);
    yield batch;
    batch.wipe();
  }
}

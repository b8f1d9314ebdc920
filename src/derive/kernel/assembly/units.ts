// The values of a tile of units: psk secrets, endpoint keys, claim codes and their digests
// (docs/derivation.md, keyline/v1). Scheme psk costs three compressions a unit.
import { compressInner, compressValue, prepareInner } from './compress';
import { pack } from './hmac';
import { scatter } from './lanes';
import {
  COMMIT_SLOTS,
  DIGEST,
  INFO,
  INNER,
  INNER_SLOTS,
  KEYS,
  LANES,
  OUTER_SLOTS,
  SCALARS,
  SECRETS,
  WORDS,
} from './layout';

/** Prepares for units whose index has these upper 24 of 48 bits; a block's units share them. */
export function startSecrets(indexUpper: u32): void {
  pack(INNER);
  store<u32>(INFO + 28, indexUpper);
  prepareInner(SCALARS, INFO, INNER_SLOTS);
}

/**
 * Secrets and endpoint keys of four units from `position` of the tile on; `index` is the lower 24
 * bits of the first one's index.
 */
export function makeSecrets(index: u32, count: i32): void {
  const groups = (count + 3) >> 2;
  for (let group = 0; group < groups; group++) {
    const first = ((index + 4 * group) << 8) | 1;
    v128.store(WORDS + 128, i32x4.add(i32x4.splat(first), i32x4(0, 0x100, 0x200, 0x300)));
    compressInner(INNER_SLOTS, WORDS, LANES + 128 * group);
  }
  for (let group = 0; group < groups; group++) {
    const lanes = LANES + 128 * group;
    compressValue(OUTER_SLOTS, lanes, lanes);
    const secrets = SECRETS + 128 * group;
    scatter(lanes, secrets, 32);
    scatter(lanes + 64, secrets + 16, 32);
  }
  for (let group = 0; group < groups; group++) {
    compressValue(COMMIT_SLOTS, LANES + 128 * group, DIGEST);
    scatter(DIGEST, KEYS + 64 * group, 16);
  }
}

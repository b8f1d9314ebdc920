// What the host may call. Indexes come as f64, which holds 48 bits; nothing is checked here, the host
// has checked everything.
import { commitAll, expandAll } from './bulk';
import { makeClaims } from './claims';
import { setCommitPrefix, setMacKey, startHash } from './hmac';
import { INPUT, ROWS, ROWS_BYTES, STEP_BYTES, STEPS, STEPS_LIMIT, TILE } from './layout';
import { startNumbers } from './numbers';
import { writeTile } from './text';
import { makeSecrets, startSecrets } from './units';

const NEEDS_SECRETS = 1;
const NEEDS_CODES = 2;
const NEEDS_DIGESTS = 4;

/** Fills the tables; again after the memory was wiped. */
export function start(): void {
  startHash();
  startNumbers();
}

/** The HMAC key, 32 bytes, is at INPUT. */
export function setKey(): void {
  setMacKey();
}

/** The 64 bytes before a committed value are at INPUT. */
export function setPrefix(): void {
  setCommitPrefix();
}

/** `count` rows of units of one block, into ROWS. */
export function render(first: f64, count: i32, stride: i32, steps: i32, needs: i32): void {
  const index = <u64>first;
  if (needs & NEEDS_SECRETS) startSecrets(<u32>(index >> 24));
  for (let done = 0; done < count; done += TILE) {
    const tile = min(count - done, TILE);
    const from = index + done;
    if (needs & NEEDS_SECRETS) makeSecrets(<u32>from, tile);
    if (needs & NEEDS_CODES) makeClaims(from, tile, (needs & NEEDS_DIGESTS) != 0);
    writeTile(STEPS, STEPS + <usize>steps * STEP_BYTES, ROWS + done * stride, stride, tile, from);
  }
}

/** `length` bytes of HKDF-Expand for each index, into ROWS; the label is at INPUT. */
export function expand(labelLength: i32, first: f64, count: i32, length: i32): void {
  expandAll(labelLength, <u64>first, count, length);
}

/** Endpoint keys of the committed values at `from`, into ROWS. */
export function commit(from: i32, count: i32, length: i32): void {
  commitAll(from, count, length);
}

export { INPUT, ROWS, ROWS_BYTES, STEPS, STEPS_LIMIT };

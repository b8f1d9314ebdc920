// The chaining values held for a key, and HMAC-SHA256 (RFC 2104, FIPS 180-4) of any message of up to
// two blocks for four units at once. psk.ts has the shorter way for the secrets of scheme psk.
import { compressBlock, compressValue, prepareBlock, prepareValue } from './compress';
import { gather } from './lanes';
import {
  BLOCK_SLOTS,
  CHAIN,
  COMMIT,
  COMMIT_SLOTS,
  DIGEST,
  INITIAL,
  INNER,
  INPUT,
  MESSAGE_BYTES,
  OUTER,
  OUTER_SLOTS,
  SCALARS,
  WINDOW,
  WORDS,
} from './layout';

const IV = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Fills what depends on no key. */
export function startHash(): void {
  prepareBlock(IV, IV, BLOCK_SLOTS);
  for (let at: usize = 0; at < 8; at++) {
    v128.store(INITIAL + 16 * at, v128.load32_splat(IV + 4 * at));
  }
}

/** Takes the 32-byte HMAC key at INPUT, and leaves no other trace of it than two chaining values. */
export function setMacKey(): void {
  keyBlock(0x36363636, INNER);
  keyBlock(0x5c5c5c5c, OUTER);
  pack(OUTER);
  prepareValue(SCALARS, SCALARS, OUTER_SLOTS);
  memory.fill(INPUT, 0, 32);
  memory.fill(WORDS, 0, 256);
  memory.fill(WINDOW, 0, 64);
}

/** Takes the 64-byte prefix of every endpoint key's message at INPUT. */
export function setCommitPrefix(): void {
  for (let at: usize = 0; at < 4; at++) gather(INPUT + 16 * at, 0, WORDS + 64 * at);
  compressBlock(BLOCK_SLOTS, INITIAL, WORDS, COMMIT);
  pack(COMMIT);
  prepareValue(SCALARS, SCALARS, COMMIT_SLOTS);
}

/** HMAC of the four padded messages; the tag's words to `out`. */
export function mac(messages: usize, blocks: i32, out: usize): void {
  hash(INNER, messages, blocks, DIGEST);
  compressValue(OUTER_SLOTS, DIGEST, out);
}

/** Continues SHA-256 from `state` over four padded messages; the digest's words to `out`. */
export function hash(state: usize, messages: usize, blocks: i32, out: usize): void {
  let from = state;
  for (let block = 0; block < blocks; block++) {
    const message = messages + 64 * block;
    for (let at: usize = 0; at < 4; at++) {
      gather(message + 16 * at, MESSAGE_BYTES, WORDS + 64 * at);
    }
    const to = block == blocks - 1 ? out : CHAIN;
    compressBlock(BLOCK_SLOTS, from, WORDS, to);
    from = to;
  }
}

/**
 * Pads the four messages of `length` bytes for a hash that already took one block, FIPS 180-4
 * section 5.1.1, and gives the number of their blocks.
 */
export function pad(messages: usize, length: i32): i32 {
  const blocks = (length + 9 + 63) / 64;
  for (let lane: usize = 0; lane < 4; lane++) {
    const message = messages + lane * MESSAGE_BYTES;
    memory.fill(message + length, 0, MESSAGE_BYTES - length);
    store<u8>(message + length, 0x80);
    store<u32>(message + 64 * blocks - 4, bswap<u32>(8 * (64 + length)));
  }
  return blocks;
}

/** The chaining value after a block of the key xored with a pad, RFC 2104 section 2. */
function keyBlock(padding: u32, state: usize): void {
  gather(INPUT, 0, WORDS);
  gather(INPUT + 16, 0, WORDS + 64);
  const mask = i32x4.splat(padding);
  for (let at: usize = 0; at < 16; at++) {
    const word = at < 8 ? v128.load(WORDS + 16 * at) : i32x4.splat(0);
    v128.store(WORDS + 16 * at, v128.xor(word, mask));
  }
  compressBlock(BLOCK_SLOTS, INITIAL, WORDS, state);
}

/** One lane of a chaining value to SCALARS, as a prepare function takes it. */
export function pack(state: usize): void {
  for (let at: usize = 0; at < 8; at++) store<u32>(SCALARS + 4 * at, load<u32>(state + 16 * at));
}

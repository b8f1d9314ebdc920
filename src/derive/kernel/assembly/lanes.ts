// Moving values between the hash's order (one word of four units in a v128) and the order of bytes
// (one unit after the other).
import { WINDOW } from './layout';

/** Four words of four units to four units of four words, each at `stride` bytes from the last. */
export function scatter(words: usize, to: usize, stride: usize): void {
  const a = v128.load(words);
  const b = v128.load(words, 16);
  const c = v128.load(words, 32);
  const d = v128.load(words, 48);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to + stride, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
}

/** 16 bytes of each of four units, `stride` apart, to four words of the hash. */
export function gather(from: usize, stride: usize, words: usize): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    v128.store(WINDOW + 16 * lane, bigEndian(v128.load(from + lane * stride)));
  }
  scatter(WINDOW, words, 16);
}

/** Turns the bytes of each word around. */
export function bigEndian(words: v128): v128 {
  return i8x16.swizzle(words, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

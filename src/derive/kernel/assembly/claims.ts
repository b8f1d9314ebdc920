// Claim codes and the digests a registry holds of them: docs/derivation.md, keyline/v1.
import { compressBlock, compressValue } from './compress';
import { scatter } from './lanes';
import { BLOCK_SLOTS, CODES, DIGEST, DIGESTS, INITIAL, INNER, OUTER_SLOTS, WORDS } from './layout';

/** "keyline/v1 claim", 16 bytes, is followed by 00 in both messages. */
const LABEL = memory.data<u32>([0x6b65796c, 0x696e652f, 0x76312063, 0x6c61696d]);
/** In bits: a block of the key, label, 00, u64(index), 01. */
const CODE_MESSAGE_BITS = 8 * (64 + 16 + 1 + 8 + 1);
/** In bits: label, 00, code. */
const DIGEST_MESSAGE_BITS = 8 * (16 + 1 + 10);

/** Codes of `count` units from `index` on, and their digests, into the tile. */
export function makeClaims(index: u64, count: i32, digests: bool): void {
  for (let done = 0; done < count; done += 4) {
    makeCodes(index + done, CODES + 16 * done);
    if (digests) makeDigests(DIGESTS + 32 * done);
  }
}

/** Leaves the codes' words in DIGEST. */
function makeCodes(index: u64, to: usize): void {
  const low = i32x4.add(i32x4.splat(<u32>index), i32x4(0, 1, 2, 3));
  const above = i32x4.splat((<u32>(index >> 32)) << 24);
  message(
    i32x4.splat(<u32>(index >> 40)),
    v128.or(above, i32x4.shr_u(low, 8)),
    v128.or(i32x4.shl(low, 24), i32x4.splat(0x00018000)),
    CODE_MESSAGE_BITS,
  );
  compressBlock(BLOCK_SLOTS, INNER, WORDS, DIGEST);
  compressValue(OUTER_SLOTS, DIGEST, DIGEST);
  scatter(DIGEST, to, 16);
}

function makeDigests(to: usize): void {
  const a = v128.load(DIGEST);
  const b = v128.load(DIGEST, 16);
  const c = v128.load(DIGEST, 32);
  message(
    i32x4.shr_u(a, 8),
    v128.or(i32x4.shl(a, 24), i32x4.shr_u(b, 8)),
    v128.or(v128.or(i32x4.shl(b, 24), i32x4.shl(i32x4.shr_u(c, 16), 8)), i32x4.splat(0x00000080)),
    DIGEST_MESSAGE_BITS,
  );
  compressBlock(BLOCK_SLOTS, INITIAL, WORDS, DIGEST);
  scatter(DIGEST, to, 32);
  scatter(DIGEST + 64, to + 16, 32);
}

/** The label, the three words after it, and the length. */
function message(fifth: v128, sixth: v128, seventh: v128, bits: i32): void {
  for (let at: usize = 0; at < 4; at++) {
    v128.store(WORDS + 16 * at, v128.load32_splat(LABEL + 4 * at));
  }
  v128.store(WORDS + 64, fifth);
  v128.store(WORDS + 80, sixth);
  v128.store(WORDS + 96, seventh);
  memory.fill(WORDS + 112, 0, 128);
  v128.store(WORDS + 240, i32x4.splat(bits));
}

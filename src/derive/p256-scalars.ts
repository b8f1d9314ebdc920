const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const LAST = ORDER - 1n;
const WORD = 0xffff_ffff_ffff_ffffn;

/**
 * For each 48 packed bytes of key material (okm mod (n − 1)) + 1 as 32 bytes, FIPS 186-5 section
 * A.2.1, packed into `out`. BigInts cannot be wiped; the engine's heap holds them for a while.
 */
export function scalarsOf(okm: Uint8Array, out: Uint8Array): void {
  const from = new DataView(okm.buffer, okm.byteOffset, okm.length);
  const to = new DataView(out.buffer, out.byteOffset, out.length);
  for (let position = 0; position * 48 < okm.length; position++) {
    let integer = 0n;
    for (let at = position * 48; at < (position + 1) * 48; at += 8) {
      integer = (integer << 64n) | from.getBigUint64(at);
    }
    let scalar = (integer % LAST) + 1n;
    for (let at = position * 32 + 24; at >= position * 32; at -= 8) {
      to.setBigUint64(at, scalar & WORD);
      scalar >>= 64n;
    }
  }
}

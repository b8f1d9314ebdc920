// Values of a tile as text in rows of one width. The host wrote the literals into every row before;
// here each step of the plan (the host's plan.ts) writes 16 characters of one field, or a number,
// into all rows of the tile, so that its tables stay in registers.
//
// A step's record, 128 bytes: u32 kind, u32 place in the row, u32 which value, u32 first byte of it,
// u32 whether only 8 characters are kept (base64 of a claim code has 14); at 64 four vectors: the
// bytes that hold characters 0 to 7, the same for 8 to 15, and what to multiply them with, so that
// each character's bits come to the top of 16.
import { CODES, DIGESTS, KEYS, SECRETS, STEP_BYTES } from './layout';
import { writeDecimals, writeHexadecimals, writeLuhn } from './numbers';

const CROCKFORD = 1;
const BASE64 = 2;
const BASE64URL = 3;
const HEX = 4;
const DECIMAL = 5;
const HEXADECIMAL = 6;
const LUHN = 7;

/** Runs the steps up to `end` for `count` rows; `index` is that of the tile's first unit. */
export function writeTile(
  steps: usize,
  end: usize,
  rows: usize,
  stride: i32,
  count: i32,
  index: u64,
): void {
  for (let step = steps; step < end; step += STEP_BYTES) {
    const kind = load<u32>(step);
    const to = rows + load<u32>(step, 4);
    if (kind == CROCKFORD) writeCrockford(step, to, stride, count);
    else if (kind == BASE64) writeBase64(step, to, stride, count, BASE64_SHIFTS);
    else if (kind == BASE64URL) writeBase64(step, to, stride, count, BASE64URL_SHIFTS);
    else if (kind == HEX) writeHex(step, to, stride, count);
    else if (kind == DECIMAL) writeDecimals(step, to, stride, count, index);
    else if (kind == HEXADECIMAL) writeHexadecimals(step, to, stride, count, index);
    else if (kind == LUHN) writeLuhn(step, to, stride, count, index);
  }
}

const CROCKFORD_LOW = memory.data<u64>([0x3736353433323130, 0x6665646362613938]);
const CROCKFORD_HIGH = memory.data<u64>([0x71706e6d6b6a6867, 0x7a79787776747372]);

function writeCrockford(step: usize, rows: usize, stride: i32, count: i32): void {
  const lowBytes = v128.load(step, 64);
  const highBytes = v128.load(step, 80);
  const lowFactors = v128.load(step, 96);
  const highFactors = v128.load(step, 112);
  const alphabetLow = v128.load(CROCKFORD_LOW);
  const alphabetHigh = v128.load(CROCKFORD_HIGH);
  const which = load<u32>(step, 8);
  const distance = distanceOf(which);
  let from = firstOf(which) + load<u32>(step, 12);
  let to = rows;
  for (let row = 0; row < count; row++) {
    const value = v128.load(from);
    const low = i16x8.shr_u(i16x8.mul(i8x16.swizzle(value, lowBytes), lowFactors), 11);
    const high = i16x8.shr_u(i16x8.mul(i8x16.swizzle(value, highBytes), highFactors), 11);
    const digits = i8x16.narrow_i16x8_u(low, high);
    // A look-up beyond a table gives 0, so that the halves of the alphabet can be ored.
    const text = v128.or(
      i8x16.swizzle(alphabetLow, digits),
      i8x16.swizzle(alphabetHigh, i8x16.sub(digits, i8x16.splat(16))),
    );
    v128.store(to, text);
    from += distance;
    to += stride;
  }
}

/** What to add to a digit of 6 bits: at 13 for A-Z, 0 for a-z, 1 to 10 for 0-9, 11 and 12 for the last two. */
const BASE64_SHIFTS = memory.data<u64>([0xfcfcfcfcfcfcfc47, 0x000041f0edfcfcfc]);
const BASE64URL_SHIFTS = memory.data<u64>([0xfcfcfcfcfcfcfc47, 0x00004120effcfcfc]);

function writeBase64(step: usize, rows: usize, stride: i32, count: i32, shifts: usize): void {
  const lowBytes = v128.load(step, 64);
  const highBytes = v128.load(step, 80);
  const lowFactors = v128.load(step, 96);
  const highFactors = v128.load(step, 112);
  const shiftTable = v128.load(shifts);
  const half = load<u32>(step, 16);
  const which = load<u32>(step, 8);
  const distance = distanceOf(which);
  let from = firstOf(which) + load<u32>(step, 12);
  let to = rows;
  for (let row = 0; row < count; row++) {
    const value = v128.load(from);
    const low = i16x8.shr_u(i16x8.mul(i8x16.swizzle(value, lowBytes), lowFactors), 10);
    const high = i16x8.shr_u(i16x8.mul(i8x16.swizzle(value, highBytes), highFactors), 10);
    const digits = i8x16.narrow_i16x8_u(low, high);
    const upper = v128.and(i8x16.lt_s(digits, i8x16.splat(26)), i8x16.splat(13));
    const shift = v128.or(i8x16.sub_sat_u(digits, i8x16.splat(51)), upper);
    const text = i8x16.add(digits, i8x16.swizzle(shiftTable, shift));
    if (half) v128.store64_lane(to, text, 0);
    else v128.store(to, text);
    from += distance;
    to += stride;
  }
}

const HEX_DIGITS = memory.data<u64>([0x3736353433323130, 0x6665646362613938]);

function writeHex(step: usize, rows: usize, stride: i32, count: i32): void {
  const lowBytes = v128.load(step, 64);
  const highBytes = v128.load(step, 80);
  const lowFactors = v128.load(step, 96);
  const highFactors = v128.load(step, 112);
  const alphabet = v128.load(HEX_DIGITS);
  const which = load<u32>(step, 8);
  const distance = distanceOf(which);
  let from = firstOf(which) + load<u32>(step, 12);
  let to = rows;
  for (let row = 0; row < count; row++) {
    const value = v128.load(from);
    const low = i16x8.shr_u(i16x8.mul(i8x16.swizzle(value, lowBytes), lowFactors), 12);
    const high = i16x8.shr_u(i16x8.mul(i8x16.swizzle(value, highBytes), highFactors), 12);
    v128.store(to, i8x16.swizzle(alphabet, i8x16.narrow_i16x8_u(low, high)));
    from += distance;
    to += stride;
  }
}

// As the host's plan.ts numbers the values.
const KEY = 1;
const CODE = 2;

function firstOf(value: u32): usize {
  if (value == KEY) return KEYS;
  if (value == CODE) return CODES;
  return value == 0 ? SECRETS : DIGESTS;
}

function distanceOf(value: u32): usize {
  return value == KEY || value == CODE ? 16 : 32;
}

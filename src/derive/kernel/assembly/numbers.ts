// Numbers that grow by one from row to row. Only the last digits come from a table for each row;
// those before them are the same for a whole run of rows.
//
// A step's record: u32 kind, u32 place in the row; at 20 u32 width; at 24 u64 what to add to the
// index; at 32 (luhn) u32 the sum over the digits before the number.
import { DECIMALS, HEXES, WINDOW } from './layout';

/** Fills the tables of digits. */
export function startNumbers(): void {
  for (let n = 0; n < 10000; n++) {
    const digits =
      (n / 1000) | (((n / 100) % 10) << 8) | (((n / 10) % 10) << 16) | ((n % 10) << 24);
    store<u32>(DECIMALS + 4 * n, digits + ZEROS);
  }
  for (let n = 0; n < 256; n++) {
    store<u16>(HEXES + 2 * n, hexDigit(n >> 4) | (hexDigit(n & 15) << 8));
  }
}

/** Zero-padded decimals of `width` characters. */
export function writeDecimals(step: usize, rows: usize, stride: i32, count: i32, index: u64): void {
  const width: i32 = load<u32>(step, 20);
  let value = load<u64>(step, 24) + index;
  let to = rows;
  for (let left = count; left > 0;) {
    const low = <i32>(value % 10000);
    const run = min(left, 10000 - low);
    if (width < 4) {
      lastDigits(low, to, stride, run, width);
    } else {
      let upper = value / 10000;
      for (let place = width - 5; place >= 0; place--) {
        store<u8>(WINDOW + place, 48 + <i32>(upper % 10));
        upper /= 10;
      }
      // Four at a time; what the last of them writes too far, the last four digits set right.
      for (let place = 0; place < width - 4; place += 4) {
        fillFour(to + place, stride, run, load<u32>(WINDOW + place));
      }
      lastFour(low, to + width - 4, stride, run);
    }
    value += run;
    to += run * stride;
    left -= run;
  }
}

/** Zero-padded upper-case hexadecimals of `width` characters. */
export function writeHexadecimals(
  step: usize,
  rows: usize,
  stride: i32,
  count: i32,
  index: u64,
): void {
  const width: i32 = load<u32>(step, 20);
  let value = load<u64>(step, 24) + index;
  let to = rows;
  for (let left = count; left > 0;) {
    const low = <i32>(value & 255);
    const run = min(left, 256 - low);
    for (let row = 0; row < run; row++) {
      const place = to + row * stride + width;
      if (width == 1) store<u8>(place - 1, load<u8>(HEXES + 2 * (low + row) + 1));
      else store<u16>(place - 2, load<u16>(HEXES + 2 * (low + row)));
    }
    let upper = value >> 8;
    for (let place = width - 3; place >= 0; place--) {
      fill(to + place, stride, run, hexDigit(<i32>(upper & 15)));
      upper >>= 4;
    }
    value += run;
    to += run * stride;
    left -= run;
  }
}

/** The check digit over a number of `width` digits and what stands before it, ISO/IEC 7812-1 annex B. */
export function writeLuhn(step: usize, rows: usize, stride: i32, count: i32, index: u64): void {
  const before: i32 = load<u32>(step, 32);
  let value = load<u64>(step, 24) + index;
  let to = rows;
  for (let left = count; left > 0;) {
    const low = <i32>(value % 10000);
    const run = min(left, 10000 - low);
    let upperSum = before;
    for (let upper = value / 10000; upper > 0; upper /= 100) {
      upperSum += doubled(<i32>(upper % 10)) + <i32>((upper / 10) % 10);
    }
    for (let row = 0; row < run; row++) {
      const n = low + row;
      const lowSum = doubled(n % 10) + ((n / 10) % 10) + doubled((n / 100) % 10) + n / 1000;
      store<u8>(to, 48 + ((10 - ((upperSum + lowSum) % 10)) % 10));
      to += stride;
    }
    value += run;
    left -= run;
  }
}

const ZEROS: u32 = 0x30303030;

function lastFour(low: i32, to: usize, stride: i32, count: i32): void {
  let digits = DECIMALS + 4 * low;
  let place = to;
  for (let row = 0; row < count; row++) {
    store<u32>(place, load<u32>(digits));
    digits += 4;
    place += stride;
  }
}

function lastDigits(low: i32, to: usize, stride: i32, count: i32, width: i32): void {
  for (let row = 0; row < count; row++) {
    for (let place = 0; place < width; place++) {
      const digit = load<u8>(DECIMALS + 4 * (low + row) + 4 - width + place);
      store<u8>(to + row * stride + place, digit);
    }
  }
}

function fillFour(to: usize, stride: i32, count: i32, characters: u32): void {
  let place = to;
  for (let row = 0; row < count; row++) {
    store<u32>(place, characters);
    place += stride;
  }
}

function fill(to: usize, stride: i32, count: i32, character: i32): void {
  let place = to;
  for (let row = 0; row < count; row++) {
    store<u8>(place, character);
    place += stride;
  }
}

function doubled(digit: i32): i32 {
  return digit < 5 ? 2 * digit : 2 * digit - 9;
}

function hexDigit(value: i32): i32 {
  return value < 10 ? 48 + value : 55 + value;
}

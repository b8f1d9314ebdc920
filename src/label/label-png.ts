import { deflateSync } from 'node:zlib';
import { concat, utf8 } from '../kernel/bytes.ts';
import type { Raster } from './raster.ts';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const METRE_IN_INCHES = 39.3701;

/** A PNG of one bit a dot that says how great it is (ISO/IEC 15948 sections 5 and 11.3.4.3). */
export function labelPng(raster: Raster, dpi: number): Uint8Array {
  const { width, height, rowBytes, bytes } = raster;
  // One bit a sample, greyscale: 0 is black, so the dots are turned around.
  const header = concat(uint32(width), uint32(height), Uint8Array.of(1, 0, 0, 0, 0));
  const perMetre = uint32(Math.round(dpi * METRE_IN_INCHES));
  const rows = new Uint8Array((rowBytes + 1) * height);
  for (let row = 0; row < height; row++) {
    for (let at = 0; at < rowBytes; at++) {
      rows[row * (rowBytes + 1) + 1 + at] = ~(bytes[row * rowBytes + at] ?? 0) & 0xff;
    }
  }
  return concat(
    SIGNATURE,
    chunk('IHDR', header),
    chunk('pHYs', concat(perMetre, perMetre, Uint8Array.of(1))),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  );
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = concat(utf8(type), data);
  return concat(uint32(data.length), named, uint32(crc32(named)));
}

/** ISO/IEC 15948 annex D; node:zlib has it from Node 22.2 on only. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

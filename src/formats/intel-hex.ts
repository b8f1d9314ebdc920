import { KeylineError } from '../kernel/errors.ts';

/** Bytes from one address on. */
export interface HexSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

const DATA = 0x00;
const END = 0x01;
const SEGMENT_BASE = 0x02;
const SEGMENT_START = 0x03;
const LINEAR_BASE = 0x04;
const LINEAR_START = 0x05;

const BLOCK_BYTES = 0x10000;
const RECORD_BYTES = 16;
const ADDRESS_SPACE = 2 ** 32;
const LINE_FEED = 0x0a;

/**
 * An Intel HEX file of 32-bit addresses (extended linear address records, 16 bytes a record, LF) as
 * ASCII bytes. Segments are ordered by address and apart. The file holds what the segments hold, so
 * the caller wipes it. Throws `image-invalid`.
 */
export function intelHex(segments: readonly HexSegment[]): Uint8Array {
  const out = new RecordWriter(segments);
  let base = 0;
  let end = 0;
  for (const { address, bytes } of segments) {
    if (!Number.isInteger(address) || address < end || address + bytes.length > ADDRESS_SPACE) {
      throw invalid('Intel HEX segments must ascend, be apart and end below 4 GiB');
    }
    end = address + bytes.length;
    for (let at = 0; at < bytes.length;) {
      const place = address + at;
      const block = Math.floor(place / BLOCK_BYTES);
      if (block !== base) {
        base = block;
        out.put(LINEAR_BASE, 0, Uint8Array.of(block >> 8, block & 0xff));
      }
      // No record runs over the end of its block: loaders would wrap around.
      const size = Math.min(RECORD_BYTES, bytes.length - at, BLOCK_BYTES - (place % BLOCK_BYTES));
      out.put(DATA, place % BLOCK_BYTES, bytes.subarray(at, at + size));
      at += size;
    }
  }
  out.put(END, 0, new Uint8Array());
  return out.take();
}

/**
 * The segments of an Intel HEX file, joined where one ends at the other's begin. Start addresses are
 * passed over. Throws `image-invalid` with the line: a wrong checksum, length or type, a missing end,
 * bytes that are given twice.
 */
export function parseIntelHex(file: Uint8Array): HexSegment[] {
  const found: HexSegment[] = [];
  let base = 0;
  let isEnded = false;
  let line = 0;
  for (const text of Buffer.from(file).toString('latin1').split('\n')) {
    line += 1;
    const record = text.trim();
    if (record === '') continue;
    if (isEnded) throw invalid(`Intel HEX line ${line} comes after the end record`);
    const { type, address, data } = parseRecord(record, line);
    switch (type) {
      case DATA:
        found.push({ address: base + address, bytes: data });
        break;
      case END:
        isEnded = true;
        break;
      case SEGMENT_BASE:
        base = word(data, line) * 16;
        break;
      case LINEAR_BASE:
        base = word(data, line) * BLOCK_BYTES;
        break;
      case SEGMENT_START:
      case LINEAR_START:
        break;
      default:
        throw invalid(`Intel HEX line ${line} has an unknown record type`);
    }
  }
  if (!isEnded) throw invalid('the Intel HEX file has no end record');
  return joined(found);
}

interface HexRecord {
  readonly type: number;
  readonly address: number;
  readonly data: Uint8Array;
}

function parseRecord(record: string, line: number): HexRecord {
  if (!/^:(?:[0-9A-Fa-f]{2}){5,}$/.test(record)) {
    throw invalid(`Intel HEX line ${line} is no record`);
  }
  const bytes = Uint8Array.from(Buffer.from(record.slice(1), 'hex'));
  const [size = 0, high = 0, low = 0, type = 0] = bytes;
  if (bytes.length !== size + 5) throw invalid(`Intel HEX line ${line} has a wrong length`);
  if (sum(bytes) !== 0) throw invalid(`Intel HEX line ${line} has a wrong checksum`);
  return { type, address: high * 256 + low, data: bytes.subarray(4, -1) };
}

function word(data: Uint8Array, line: number): number {
  const [high = 0, low = 0] = data;
  if (data.length !== 2) throw invalid(`Intel HEX line ${line} has a wrong length`);
  return high * 256 + low;
}

function joined(found: readonly HexSegment[]): HexSegment[] {
  const groups: { address: number; end: number; parts: Uint8Array[] }[] = [];
  for (const { address, bytes } of [...found].sort((a, b) => a.address - b.address)) {
    const last = groups.at(-1);
    if (last && address < last.end) {
      throw invalid(`the Intel HEX file gives address 0x${address.toString(16)} twice`);
    }
    if (last?.end === address) {
      last.parts.push(bytes);
      last.end += bytes.length;
    } else {
      groups.push({ address, end: address + bytes.length, parts: [bytes] });
    }
  }
  return groups.map(({ address, parts }) => ({
    address,
    bytes: Uint8Array.from(Buffer.concat(parts)),
  }));
}

/** Sum of all bytes modulo 256: zero over a record with its checksum. */
function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
}

/** One array for the whole file: what it holds must not be left about in strings. */
class RecordWriter {
  readonly #text: Uint8Array;
  #size = 0;

  constructor(segments: readonly HexSegment[]) {
    const dataBytes = segments.reduce((total, { bytes }) => total + bytes.length, 0);
    // Two more records for each segment and block: the cut at a block's end, and the base.
    const blocks = segments.length + dataBytes / BLOCK_BYTES;
    const records = dataBytes / RECORD_BYTES + 3 * blocks + 2;
    this.#text = new Uint8Array(2 * dataBytes + Math.ceil(records) * 16);
  }

  put(type: number, address: number, data: Uint8Array): void {
    const head = Uint8Array.of(data.length, address >> 8, address & 0xff, type);
    this.#text[this.#size++] = 0x3a;
    this.#hex(head);
    this.#hex(data);
    this.#hex(Uint8Array.of(-(sum(head) + sum(data)) & 0xff));
    this.#text[this.#size++] = LINE_FEED;
  }

  take(): Uint8Array {
    return this.#text.subarray(0, this.#size);
  }

  #hex(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#text[this.#size++] = digit(byte >> 4);
      this.#text[this.#size++] = digit(byte & 15);
    }
  }
}

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x41 + value - 10;
}

function invalid(message: string): KeylineError {
  return new KeylineError('image-invalid', { message });
}

import { KeylineError } from '../kernel/errors.ts';
import { NVS_PAGE_BYTES, NVS_SLOT_BYTES, NVS_SLOTS, NvsPages } from './esp-nvs-pages.ts';

const INTEGER_TYPES = {
  u8: { code: 0x01, bits: 8, isSigned: false },
  i8: { code: 0x11, bits: 8, isSigned: true },
  u16: { code: 0x02, bits: 16, isSigned: false },
  i16: { code: 0x12, bits: 16, isSigned: true },
  u32: { code: 0x04, bits: 32, isSigned: false },
  i32: { code: 0x14, bits: 32, isSigned: true },
  u64: { code: 0x08, bits: 64, isSigned: false },
  i64: { code: 0x18, bits: 64, isSigned: true },
} as const;
const STRING = 0x21;
const BLOB_V1 = 0x41;
const BLOB_DATA = 0x42;
const BLOB_INDEX = 0x48;

const LONGEST_NAME = 15;
const MOST_NAMESPACES = 254;
/** What one page holds beside its header slot, less what the device's own reader allows. */
const LONGEST_VALUE = { 1: 1984, 2: 4000 } as const;
const SMALLEST_BYTES = 0x3000;

/** The whole-number types of an entry. */
export type NvsIntegerType = keyof typeof INTEGER_TYPES;

/** What is stored under a key. `bytes` of a string are its UTF-8 without the NUL that is stored with it. */
export type NvsValue =
  | { readonly type: NvsIntegerType; readonly number: number | bigint }
  | { readonly type: 'string' | 'blob'; readonly bytes: Uint8Array };

/** One value; a namespace begins with the first entry that names it. */
export interface NvsEntry {
  readonly namespace: string;
  readonly key: string;
  readonly value: NvsValue;
}

/** How the partition is made. */
export interface NvsOptions {
  /** A multiple of 4096, at least 0x3000; the partition table of the device has it. */
  readonly sizeBytes: number;
  /** 2 unless the device's firmware predates it: blobs over several pages. */
  readonly version?: 1 | 2;
}

/**
 * An NVS partition of an ESP32, as nvs_partition_gen writes it: entries in the order given. The image
 * holds every value, so the caller wipes it. Throws `image-invalid`, naming the key and never a value.
 */
export function espNvs(entries: readonly NvsEntry[], options: NvsOptions): Uint8Array {
  const { sizeBytes, version = 2 } = options;
  if (!Number.isInteger(sizeBytes / NVS_PAGE_BYTES) || sizeBytes < SMALLEST_BYTES) {
    throw invalid(`an NVS partition of ${sizeBytes} bytes: needs a multiple of 4096 from 12288 on`);
  }
  checkNames(entries);
  const pages = new NvsPages(sizeBytes, version);
  const namespaces = new Map<string, number>();
  try {
    for (const entry of entries) {
      const namespaceIndex = openNamespace(pages, namespaces, entry.namespace);
      putValue(pages, { entry, namespaceIndex, version });
    }
  } catch (error) {
    pages.image.fill(0);
    throw error;
  }
  return pages.image;
}

function checkNames(entries: readonly NvsEntry[]): void {
  const seen = new Set<string>();
  for (const { namespace, key } of entries) {
    checkName('namespace', namespace);
    checkName('key', key);
    const place = JSON.stringify([namespace, key]);
    if (seen.has(place)) throw invalid(`NVS key ${namespace}/${key} is given twice`);
    seen.add(place);
  }
}

function checkName(kind: string, name: string): void {
  if (!/^[\x20-\x7e]+$/.test(name)) {
    throw invalid(`an NVS ${kind} is printable ASCII and not empty: ${JSON.stringify(name)}`);
  }
  if (name.length > LONGEST_NAME) {
    throw invalid(`NVS ${kind} ${name} is longer than ${LONGEST_NAME} characters`);
  }
}

function openNamespace(pages: NvsPages, known: Map<string, number>, name: string): number {
  const before = known.get(name);
  if (before !== undefined) return before;
  const index = known.size + 1;
  if (index > MOST_NAMESPACES) throw invalid(`more than ${MOST_NAMESPACES} NVS namespaces`);
  known.set(name, index);
  pages.need(1);
  pages.put({
    namespaceIndex: 0,
    type: INTEGER_TYPES.u8.code,
    key: name,
    data: Uint8Array.of(index),
  });
  return index;
}

interface Placed {
  readonly entry: NvsEntry;
  readonly namespaceIndex: number;
  readonly version: 1 | 2;
}

function putValue(pages: NvsPages, placed: Placed): void {
  const { value, key } = placed.entry;
  switch (value.type) {
    case 'string':
      putString(pages, placed, value.bytes);
      break;
    case 'blob':
      if (placed.version === 1) putWhole(pages, placed, { type: BLOB_V1, rows: value.bytes });
      else putChunks(pages, placed, value.bytes);
      break;
    default: {
      const data = integerData(placed.entry, value);
      const { namespaceIndex } = placed;
      pages.need(1);
      pages.put({ namespaceIndex, type: INTEGER_TYPES[value.type].code, key, data });
    }
  }
}

function integerData(
  entry: NvsEntry,
  value: { readonly type: NvsIntegerType; readonly number: number | bigint },
): Uint8Array {
  const { bits, isSigned } = INTEGER_TYPES[value.type];
  const place = `NVS key ${entry.namespace}/${entry.key}`;
  if (typeof value.number === 'number' && !Number.isSafeInteger(value.number)) {
    throw invalid(`${place} is not a whole number`);
  }
  const number = BigInt(value.number);
  const wrapped = isSigned ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
  if (wrapped !== number) throw invalid(`${place} does not fit into ${value.type}`);
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, BigInt.asUintN(64, number), true);
  return data.subarray(0, bits / 8);
}

function putString(pages: NvsPages, placed: Placed, bytes: Uint8Array): void {
  if (bytes.includes(0)) {
    throw invalid(`NVS string ${placed.entry.namespace}/${placed.entry.key} holds a NUL`);
  }
  const rows = new Uint8Array(bytes.length + 1);
  rows.set(bytes);
  try {
    putWhole(pages, placed, { type: STRING, rows });
  } finally {
    rows.fill(0);
  }
}

function putWhole(
  pages: NvsPages,
  { entry, namespaceIndex, version }: Placed,
  { type, rows }: { readonly type: number; readonly rows: Uint8Array },
): void {
  if (rows.length > LONGEST_VALUE[version]) {
    throw invalid(
      `NVS key ${entry.namespace}/${entry.key} takes ${rows.length} bytes, over ${LONGEST_VALUE[version]}`,
    );
  }
  pages.need(1 + Math.ceil(rows.length / NVS_SLOT_BYTES));
  pages.put({ namespaceIndex, type, key: entry.key, rows });
}

/** Chunks from 0, each as large as its page has room for, and then the index that makes them one blob. */
function putChunks(pages: NvsPages, placed: Placed, bytes: Uint8Array): void {
  const { entry, namespaceIndex } = placed;
  const { key } = entry;
  let chunk = 0;
  let at = 0;
  do {
    pages.need(bytes.length === 0 ? 1 : 2);
    const roomBytes = Math.min((pages.room - 1) * NVS_SLOT_BYTES, (NVS_SLOTS - 1) * NVS_SLOT_BYTES);
    const rows = bytes.subarray(at, at + roomBytes);
    if (chunk > 0x7f) throw invalid(`NVS blob ${entry.namespace}/${key} has too many chunks`);
    pages.put({ namespaceIndex, type: BLOB_DATA, key, chunk, rows });
    chunk += 1;
    at += rows.length;
  } while (at < bytes.length);
  const data = new Uint8Array(6);
  new DataView(data.buffer).setUint32(0, bytes.length, true);
  data[4] = chunk;
  pages.need(1);
  pages.put({ namespaceIndex, type: BLOB_INDEX, key, data });
}

function invalid(message: string): KeylineError {
  return new KeylineError('image-invalid', { message });
}

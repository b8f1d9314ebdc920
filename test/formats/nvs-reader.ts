/**
 * A reader of NVS partitions, written from the description of the format alone: strict where a device
 * is lenient, so that it finds what a device would pass over. Bytes come as hexadecimal.
 */
export function readNvs(image: Uint8Array): Map<string, string | bigint> {
  const namespaces = new Map<number, string>();
  const values = new Map<string, string | bigint>();
  const chunks = new Map<string, Buffer[]>();
  const pages = image.length / 4096;
  let isErased = false;
  for (let page = 0; page < pages; page++) {
    const bytes = Buffer.from(image.subarray(page * 4096, (page + 1) * 4096));
    const state = bytes.readUInt32LE(0);
    if (state === 0xffffffff) {
      if (!bytes.every((byte) => byte === 0xff)) throw new Error('an erased page that is not');
      isErased = true;
      continue;
    }
    if (isErased) throw new Error('a page in use after an erased one');
    if (bytes.readUInt32LE(4) !== page) throw new Error('page sequence');
    if (bytes.readUInt32LE(28) !== crc(bytes.subarray(4, 28))) throw new Error('page CRC');
    const isLast = page + 1 === pages || image[(page + 1) * 4096] === 0xff;
    if (state !== (isLast ? 0xfffffffe : 0xfffffffc)) throw new Error('page state');
    for (let slot = 0; slot < 126;) {
      const bits = ((bytes[32 + (slot >> 2)] ?? 0) >> ((slot & 3) * 2)) & 3;
      const entry = bytes.subarray(64 + slot * 32, 96 + slot * 32);
      if (bits === 3) {
        if (!entry.every((byte) => byte === 0xff)) throw new Error('bytes in an empty slot');
        slot += 1;
        continue;
      }
      if (bits !== 2) throw new Error('bitmap');
      slot += readEntry(bytes, slot, { namespaces, values, chunks });
    }
  }
  if (!isErased) throw new Error('no page is left for the device');
  if (chunks.size > 0) throw new Error('chunks without an index');
  return values;
}

interface Found {
  readonly namespaces: Map<number, string>;
  readonly values: Map<string, string | bigint>;
  readonly chunks: Map<string, Buffer[]>;
}

const WIDTHS: Readonly<Record<number, [bytes: number, isSigned: boolean]>> = {
  0x01: [1, false],
  0x11: [1, true],
  0x02: [2, false],
  0x12: [2, true],
  0x04: [4, false],
  0x14: [4, true],
  0x08: [8, false],
  0x18: [8, true],
};

function readEntry(page: Buffer, slot: number, found: Found): number {
  const entry = page.subarray(64 + slot * 32, 96 + slot * 32);
  const [namespace = 0, type = 0, span = 0, chunk = 0] = entry;
  if (entry.readUInt32LE(4) !== crc(Buffer.concat([entry.subarray(0, 4), entry.subarray(8)]))) {
    throw new Error('entry CRC');
  }
  const name = entry.subarray(8, 24);
  const key = name.subarray(0, name.indexOf(0)).toString('latin1');
  const width = WIDTHS[type];
  if (width) {
    const [size, isSigned] = width;
    if (span !== 1 || chunk !== 0xff) throw new Error('span of a number');
    if (!entry.subarray(24 + size).every((byte) => byte === 0xff)) throw new Error('filling');
    const raw = Buffer.alloc(8);
    entry.copy(raw, 0, 24, 24 + size);
    const value = raw.readBigUInt64LE();
    if (namespace === 0) found.namespaces.set(Number(value), key);
    else set(found, namespace, key, isSigned ? BigInt.asIntN(size * 8, value) : value);
    return 1;
  }
  const place = placeOf(found, namespace, key);
  if (type === 0x48) {
    const parts = found.chunks.get(place) ?? [];
    found.chunks.delete(place);
    const blob = Buffer.concat(parts);
    if (entry.readUInt32LE(24) !== blob.length || entry[28] !== parts.length || entry[29] !== 0) {
      throw new Error('blob index');
    }
    set(found, namespace, key, blob.toString('hex'));
    return span;
  }
  const size = entry.readUInt16LE(24);
  if (entry.readUInt16LE(26) !== 0xffff) throw new Error('filling after the size');
  const start = 96 + slot * 32;
  const data = page.subarray(start, start + size);
  const rows = Math.ceil(size / 32);
  if (data.length !== size || span !== 1 + rows) throw new Error('span');
  if (entry.readUInt32LE(28) !== crc(data)) throw new Error('data CRC');
  if (!page.subarray(start + size, start + rows * 32).every((byte) => byte === 0xff)) {
    throw new Error('row filling');
  }
  for (let row = 1; row <= rows; row++) {
    const at = slot + row;
    if ((((page[32 + (at >> 2)] ?? 0) >> ((at & 3) * 2)) & 3) !== 2) throw new Error('row bitmap');
  }
  if (type === 0x42) {
    const parts = found.chunks.get(place) ?? [];
    if (chunk !== parts.length) throw new Error('chunk order');
    found.chunks.set(place, [...parts, Buffer.from(data)]);
  } else if (type === 0x21) {
    if (data.indexOf(0) !== size - 1) throw new Error('NUL of a string');
    set(found, namespace, key, data.subarray(0, -1).toString('hex'));
  } else if (type === 0x41) {
    set(found, namespace, key, data.toString('hex'));
  } else {
    throw new Error('type');
  }
  return span;
}

function placeOf(found: Found, namespace: number, key: string): string {
  const name = found.namespaces.get(namespace);
  if (name === undefined) throw new Error('a namespace that was never opened');
  return `${name}/${key}`;
}

function set(found: Found, namespace: number, key: string, value: string | bigint): void {
  const place = placeOf(found, namespace, key);
  if (found.values.has(place)) throw new Error('a key twice');
  found.values.set(place, value);
}

/** Bit by bit, reflected polynomial 0xEDB88320: the register starts at 0 where zlib is given all ones. */
function crc(bytes: Uint8Array): number {
  let register = 0;
  for (const byte of bytes) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      register = register & 1 ? (register >>> 1) ^ 0xedb88320 : register >>> 1;
    }
  }
  return ~register >>> 0;
}

import { KeylineError } from '../../kernel/errors.ts';
import { espNvs } from '../../formats/esp-nvs.ts';
import type { NvsEntry, NvsValue } from '../../formats/esp-nvs.ts';
import { intelHex } from '../../formats/intel-hex.ts';
import { uf2 } from '../../formats/uf2.ts';
import type { ImageFile, NvsEntryOf } from './image-section.ts';

type FieldFile = Exclude<ImageFile, { readonly format: 'esp-nvs' }>;

/** File name endings that programmers know the formats by. */
export const IMAGE_ENDINGS = {
  'esp-nvs': 'bin',
  raw: 'bin',
  'intel-hex': 'hex',
  uf2: 'uf2',
} as const satisfies Record<ImageFile['format'], string>;

/**
 * The data image of one unit, the caller's to wipe. `copyOf` gives a fresh copy of a value by name,
 * which is wiped here. The same values give the same bytes. Throws `image-invalid`.
 */
export function buildImage(file: ImageFile, copyOf: (name: string) => Uint8Array): Uint8Array {
  return file.format === 'esp-nvs' ? nvsImage(file, copyOf) : fieldImage(file, copyOf);
}

function nvsImage(
  file: Extract<ImageFile, { readonly format: 'esp-nvs' }>,
  copyOf: (name: string) => Uint8Array,
): Uint8Array {
  const copies: Uint8Array[] = [];
  const take = (name: string): Uint8Array => {
    const copy = copyOf(name);
    copies.push(copy);
    return copy;
  };
  try {
    const entries = file.entries.map((entry): NvsEntry => {
      const { namespace, key } = entry;
      return { namespace, key, value: nvsValue(entry, take) };
    });
    return espNvs(entries, { sizeBytes: file.sizeBytes, version: file.version ?? 2 });
  } finally {
    for (const copy of copies) copy.fill(0);
  }
}

function nvsValue(
  { namespace, key, type, value, number }: NvsEntryOf,
  take: (name: string) => Uint8Array,
): NvsValue {
  const place = `NVS key ${namespace}/${key}`;
  if (type === 'string' || type === 'blob') {
    if (value === undefined || number !== undefined) {
      throw invalid(`${place} is a ${type}: it needs value alone`);
    }
    return { type, bytes: take(value) };
  }
  if (number === undefined || value !== undefined) {
    throw invalid(`${place} is a number: it needs number alone`);
  }
  return { type, number };
}

function fieldImage(file: FieldFile, copyOf: (name: string) => Uint8Array): Uint8Array {
  const bytes = new Uint8Array(file.sizeBytes).fill(file.fill ?? 0xff);
  try {
    putFields(bytes, file, copyOf);
  } catch (error) {
    bytes.fill(0);
    throw error;
  }
  if (file.format === 'raw') return bytes;
  try {
    if (file.format === 'intel-hex') return intelHex([{ address: file.address, bytes }]);
    const { address, familyId } = file;
    return uf2(familyId === undefined ? { address, bytes } : { address, bytes, familyId });
  } finally {
    bytes.fill(0);
  }
}

function putFields(bytes: Uint8Array, file: FieldFile, copyOf: (name: string) => Uint8Array): void {
  let end = 0;
  let before = '';
  for (const field of [...file.fields].sort((a, b) => a.offset - b.offset)) {
    const copy = copyOf(field.value);
    try {
      const room = field.sizeBytes ?? copy.length;
      if (copy.length > room) {
        throw invalid(`value ${field.value} takes ${copy.length} bytes, and its field has ${room}`);
      }
      if (field.offset < end) throw invalid(`the fields of ${before} and ${field.value} overlap`);
      end = field.offset + room;
      before = field.value;
      if (end > bytes.length) {
        throw invalid(`the field of ${field.value} ends beyond the image’s ${bytes.length} bytes`);
      }
      bytes.fill(0, field.offset, end);
      bytes.set(copy, field.offset);
    } finally {
      copy.fill(0);
    }
  }
}

function invalid(message: string): KeylineError {
  return new KeylineError('image-invalid', { message });
}

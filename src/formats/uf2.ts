import { KeylineError } from '../kernel/errors.ts';

const BLOCK_BYTES = 512;
const PAYLOAD_BYTES = 256;
const DATA_AT = 32;
const MAGIC_FIRST = 0x0a324655;
const MAGIC_SECOND = 0x9e5d5157;
const MAGIC_END = 0x0ab16f30;
const FLAG_FAMILY = 0x2000;
const FLAG_NOT_FOR_FLASH = 0x0001;
const ADDRESS_SPACE = 2 ** 32;

/** What a UF2 file writes where. */
export interface Uf2Image {
  /** Address of the first byte, a multiple of 256. */
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Which chips take it, such as 0xE48BFF56 for the RP2040; undefined: any. */
  readonly familyId?: number;
}

/**
 * A UF2 file: one block of 512 bytes for each 256 bytes, the last filled up with zeros. It holds what
 * the image holds, so the caller wipes it. Throws `image-invalid`.
 */
export function uf2({ address, bytes, familyId }: Uf2Image): Uint8Array {
  const blocks = Math.ceil(bytes.length / PAYLOAD_BYTES);
  if (blocks === 0) throw invalid('a UF2 file without bytes');
  if (!Number.isInteger(address / PAYLOAD_BYTES) || address < 0) {
    throw invalid('a UF2 address must be a multiple of 256');
  }
  if (address + blocks * PAYLOAD_BYTES > ADDRESS_SPACE) throw invalid('UF2 addresses end at 4 GiB');
  const file = new Uint8Array(blocks * BLOCK_BYTES);
  for (let block = 0; block < blocks; block++) {
    const at = block * BLOCK_BYTES;
    const view = new DataView(file.buffer, at, BLOCK_BYTES);
    const words = [
      MAGIC_FIRST,
      MAGIC_SECOND,
      familyId === undefined ? 0 : FLAG_FAMILY,
      address + block * PAYLOAD_BYTES,
      PAYLOAD_BYTES,
      block,
      blocks,
      familyId ?? 0,
    ];
    words.forEach((word, place) => {
      view.setUint32(place * 4, word, true);
    });
    const payload = bytes.subarray(block * PAYLOAD_BYTES, (block + 1) * PAYLOAD_BYTES);
    file.set(payload, at + DATA_AT);
    view.setUint32(BLOCK_BYTES - 4, MAGIC_END, true);
  }
  return file;
}

/**
 * What a UF2 file of consecutive blocks of one family holds, with the last block's filling. Blocks that
 * are not for flash are passed over. Throws `image-invalid`.
 */
export function parseUf2(file: Uint8Array): Uf2Image {
  if (file.length === 0 || file.length % BLOCK_BYTES !== 0) {
    throw invalid('a UF2 file is made of blocks of 512 bytes');
  }
  const parts: Uint8Array[] = [];
  let first: { readonly address: number; readonly familyId: number | undefined } | undefined;
  let end = 0;
  for (let at = 0; at < file.length; at += BLOCK_BYTES) {
    const block = at / BLOCK_BYTES;
    const view = new DataView(file.buffer, file.byteOffset + at, BLOCK_BYTES);
    const word = (place: number): number => view.getUint32(place, true);
    const isBlock = word(0) === MAGIC_FIRST && word(4) === MAGIC_SECOND && word(508) === MAGIC_END;
    if (!isBlock) throw invalid(`UF2 block ${block} lacks its magic numbers`);
    const flags = word(8);
    if (flags & FLAG_NOT_FOR_FLASH) continue;
    const familyId = flags & FLAG_FAMILY ? word(28) : undefined;
    const address = word(12);
    const size = word(16);
    if (size > BLOCK_BYTES - DATA_AT - 4) throw invalid(`UF2 block ${block} is too long`);
    if (word(20) !== block || word(24) !== file.length / BLOCK_BYTES) {
      throw invalid(`UF2 block ${block} is out of order or blocks are missing`);
    }
    first ??= { address, familyId };
    if (familyId !== first.familyId || (parts.length > 0 && address !== end)) {
      throw invalid(`UF2 block ${block} does not go on where the one before ends`);
    }
    end = address + size;
    parts.push(file.subarray(at + DATA_AT, at + DATA_AT + size));
  }
  if (!first) throw invalid('the UF2 file has no block for flash');
  const { address, familyId } = first;
  const bytes = Uint8Array.from(Buffer.concat(parts));
  return familyId === undefined ? { address, bytes } : { address, bytes, familyId };
}

function invalid(message: string): KeylineError {
  return new KeylineError('image-invalid', { message });
}

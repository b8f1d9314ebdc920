import { crc32 } from 'node:zlib';
import { KeylineError } from '../kernel/errors.ts';

/** Bytes of one page: a header, a bitmap and 126 slots of 32 bytes. */
export const NVS_PAGE_BYTES = 4096;
/** Bytes of one slot. */
export const NVS_SLOT_BYTES = 32;
/** Slots of one page. */
export const NVS_SLOTS = 126;

const STATE_ACTIVE = 0xfffffffe;
const STATE_FULL = 0xfffffffc;
const FIRST_SLOT = 64;
const NO_CHUNK = 0xff;

/** CRC-32 of zlib started at all ones, as the flash format has it: "123456789" gives d202d277. */
export function nvsCrc(bytes: Uint8Array): number {
  // zlib takes an empty array for none and forgets the start value.
  return bytes.length === 0 ? 0xffffffff : crc32(bytes, 0xffffffff);
}

/** What one header slot says. */
export interface NvsSlot {
  readonly namespaceIndex: number;
  readonly type: number;
  readonly key: string;
  /** Its 8 data bytes; what is left out stays FF. */
  readonly data?: Uint8Array;
  readonly chunk?: number;
  /** What follows in slots of its own; its size and CRC take the place of `data`. */
  readonly rows?: Uint8Array;
}

/** Puts slots into an image, page after page; the last page stays erased, for the device to move data into. */
export class NvsPages {
  /** The image, FF where nothing was written. The owner of the values in it wipes it. */
  readonly image: Uint8Array;
  readonly #versionByte: number;
  #page = 0;
  #slot = 0;

  constructor(sizeBytes: number, version: 1 | 2) {
    this.image = new Uint8Array(sizeBytes).fill(0xff);
    this.#versionByte = 0x100 - version;
    this.#begin();
  }

  /** Slots left in this page. */
  get room(): number {
    return NVS_SLOTS - this.#slot;
  }

  /** Goes on to the next page unless this one has `slots` left. Throws `image-invalid` when there is none. */
  need(slots: number): void {
    if (this.room >= slots) return;
    this.#view().setUint32(0, STATE_FULL, true);
    this.#page += 1;
    this.#slot = 0;
    const pages = this.image.length / NVS_PAGE_BYTES;
    if (this.#page >= pages - 1) {
      throw new KeylineError('image-invalid', {
        message: `the values do not fit into an NVS partition of ${this.image.length} bytes`,
        facts: { sizeBytes: this.image.length },
      });
    }
    this.#begin();
  }

  /** Writes one entry with its rows; all of it must have been asked for by `need`. */
  put(slot: NvsSlot): void {
    const rows = slot.rows ?? new Uint8Array();
    const span = 1 + Math.ceil(rows.length / NVS_SLOT_BYTES);
    const at = this.#page * NVS_PAGE_BYTES + FIRST_SLOT + this.#slot * NVS_SLOT_BYTES;
    const entry = this.image.subarray(at, at + NVS_SLOT_BYTES);
    const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
    entry.set([slot.namespaceIndex, slot.type, span, slot.chunk ?? NO_CHUNK]);
    entry.fill(0, 8, 24);
    new TextEncoder().encodeInto(slot.key, entry.subarray(8, 24));
    if (slot.data) entry.set(slot.data, 24);
    if (slot.rows) {
      view.setUint16(24, rows.length, true);
      view.setUint32(28, nvsCrc(rows), true);
      this.image.set(rows, at + NVS_SLOT_BYTES);
    }
    // Over all of the header slot but the CRC itself.
    view.setUint32(4, crc32(entry.subarray(8), nvsCrc(entry.subarray(0, 4))), true);
    for (let used = 0; used < span; used++) this.#mark(this.#slot + used);
    this.#slot += span;
  }

  #begin(): void {
    const view = this.#view();
    view.setUint32(0, STATE_ACTIVE, true);
    view.setUint32(4, this.#page, true);
    view.setUint8(8, this.#versionByte);
    const at = this.#page * NVS_PAGE_BYTES;
    view.setUint32(28, nvsCrc(this.image.subarray(at + 4, at + 28)), true);
  }

  /** Two bits a slot, the lowest first: 11 empty, 10 written. */
  #mark(slot: number): void {
    const view = this.#view();
    const byteAt = 32 + (slot >> 2);
    view.setUint8(byteAt, view.getUint8(byteAt) & ~(1 << ((slot & 3) * 2)));
  }

  #view(): DataView {
    const at = this.image.byteOffset + this.#page * NVS_PAGE_BYTES;
    return new DataView(this.image.buffer, at, NVS_PAGE_BYTES);
  }
}

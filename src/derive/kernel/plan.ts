import { utf8 } from '../../kernel/bytes.ts';
import type { ByteValue, RowPart } from '../../model/row-template.ts';

/** What the kernel must make of each unit; bits of `render`'s last argument. */
export const NEEDS = { secrets: 1, codes: 2, digests: 4 } as const;

/** The kernel's values: their numbers in assembly/text.ts and their lengths in bytes. */
const VALUES = {
  secret: { number: 0, length: 32, needs: NEEDS.secrets },
  endpoint_key: { number: 1, length: 16, needs: NEEDS.secrets },
  claim_code: { number: 2, length: 10, needs: NEEDS.codes },
  claim_digest: { number: 3, length: 32, needs: NEEDS.codes | NEEDS.digests },
} as const;

const ENCODINGS = {
  crockford: { kind: 1, bits: 5, padTo: 1 },
  base64: { kind: 2, bits: 6, padTo: 4 },
  base64url: { kind: 3, bits: 6, padTo: 1 },
  hex: { kind: 4, bits: 4, padTo: 1 },
} as const;

const DECIMAL = 5;
const HEXADECIMAL = 6;
const LUHN = 7;

/** A step of a layout, as assembly/text.ts and numbers.ts read it. */
export const STEP_BYTES = 128;
const STEPS_LIMIT = 128;

/** A row's layout for indexes of one number of digits, as assembly/text.ts reads it. */
export interface RowLayout {
  /** One row with its literals; what the steps write is not set. Its length is the distance of rows. */
  readonly row: Uint8Array;
  /** 128 bytes a step. */
  readonly steps: Uint8Array;
  readonly needs: number;
}

/**
 * Lays a row out, or gives undefined where the kernel does not make one of its values (public keys,
 * certificates) or the row has too many fields.
 */
export function layOut(parts: readonly RowPart[], indexDigits: number): RowLayout | undefined {
  const row: number[] = [];
  const steps: Uint8Array[] = [];
  let needs = 0;
  for (const part of parts) {
    const at = row.length;
    switch (part.kind) {
      case 'literal':
        row.push(...utf8(part.text));
        break;
      case 'index':
        steps.push(numberStep(DECIMAL, at, indexDigits, 0));
        skip(row, indexDigits);
        break;
      case 'number':
        steps.push(
          numberStep(part.base === 10 ? DECIMAL : HEXADECIMAL, at, part.width, part.first),
        );
        skip(row, part.width);
        break;
      case 'luhn':
        steps.push(
          numberStep(LUHN, at, part.width, part.first, luhnSum(part.digitsBefore, part.width)),
        );
        skip(row, 1);
        break;
      case 'bytes': {
        if (!isKernelValue(part.value)) return undefined;
        const { length, needs: needed } = VALUES[part.value];
        const { bits, padTo } = ENCODINGS[part.encoding];
        const characters = Math.ceil((length * 8) / bits);
        steps.push(...encodingSteps(part.value, part.encoding, at, characters));
        skip(row, characters);
        while ((row.length - at) % padTo !== 0) row.push(0x3d);
        needs |= needed;
        break;
      }
      case 'pem':
        return undefined;
    }
  }
  if (steps.length > STEPS_LIMIT) return undefined;
  return { row: Uint8Array.from(row), steps: join(steps), needs };
}

/** Each step writes 16 characters; the last one overlaps the one before it. Shorter fields take two of 8. */
function encodingSteps(
  value: keyof typeof VALUES,
  encoding: keyof typeof ENCODINGS,
  at: number,
  characters: number,
): Uint8Array[] {
  const width = characters < 16 ? 8 : 16;
  const starts: number[] = [];
  for (let start = 0; start < characters; start += width) {
    starts.push(Math.min(start, characters - width));
  }
  return starts.map((start) => encodingStep(value, encoding, at + start, start));
}

function encodingStep(
  value: keyof typeof VALUES,
  encoding: keyof typeof ENCODINGS,
  at: number,
  start: number,
): Uint8Array {
  const { number, length } = VALUES[value];
  const { kind, bits } = ENCODINGS[encoding];
  const step = new Uint8Array(STEP_BYTES);
  const view = new DataView(step.buffer);
  const firstByte = Math.floor((start * bits) / 8) & ~3;
  view.setUint32(0, kind, true);
  view.setUint32(4, at, true);
  view.setUint32(8, number, true);
  view.setUint32(12, firstByte, true);
  view.setUint32(16, Math.ceil((length * 8) / bits) < 16 ? 1 : 0, true);
  for (let character = 0; character < 16; character++) {
    const bit = (start + character) * bits;
    const byte = Math.floor(bit / 8);
    const within = bit % 8;
    const follows = within + bits > 8;
    view.setUint8(64 + 2 * character, follows ? place(byte + 1) : UNUSED);
    view.setUint8(65 + 2 * character, place(byte));
    view.setUint16(96 + 2 * character, 1 << within, true);
  }
  return step;

  /** Values lie in little-endian words; a look-up beyond the vector gives 0, as padding bits must be. */
  function place(byte: number): number {
    return byte < length ? (byte ^ 3) - firstByte : UNUSED;
  }
}

const UNUSED = 0x80;

function numberStep(
  kind: number,
  at: number,
  width: number,
  first: number,
  sumBefore = 0,
): Uint8Array {
  const step = new Uint8Array(STEP_BYTES);
  const view = new DataView(step.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, at, true);
  view.setUint32(20, width, true);
  view.setBigUint64(24, BigInt(first), true);
  view.setUint32(32, sumBefore, true);
  return step;
}

/** What digits before a number of `width` digits add to the sum of ISO/IEC 7812-1 annex B. */
function luhnSum(digitsBefore: string, width: number): number {
  return [...digitsBefore].reverse().reduce((sum, character, position) => {
    const digit = Number(character) * ((position + width) % 2 === 0 ? 2 : 1);
    return sum + (digit > 9 ? digit - 9 : digit);
  }, 0);
}

function isKernelValue(value: ByteValue): value is keyof typeof VALUES {
  return Object.hasOwn(VALUES, value);
}

function skip(row: number[], count: number): void {
  for (let done = 0; done < count; done++) row.push(0);
}

function join(steps: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(steps.length * STEP_BYTES);
  steps.forEach((step, position) => {
    all.set(step, position * STEP_BYTES);
  });
  return all;
}

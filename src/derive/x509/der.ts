import { concat } from '../../kernel/bytes.ts';

/** Tags of the DER types that certificates use (ITU-T X.690; class and constructed bit included). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A context-specific tag, `[number]`. */
export function contextTag(number: number, kind: 'primitive' | 'constructed'): number {
  return (kind === 'constructed' ? 0xa0 : 0x80) | number;
}

/** One value: tag, shortest definite length (X.690 section 10.1), contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const size = contents.reduce((sum, part) => sum + part.length, 0);
  return concat(Uint8Array.of(tag), lengthOf(size), ...contents);
}

/** SEQUENCE of these values. */
export function sequence(...values: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, ...values);
}

/** INTEGER of big-endian unsigned bytes, in the shortest form. */
export function unsignedInteger(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  const sign = (bytes[from] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return der(TAG.integer, sign, bytes.subarray(from));
}

/** BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return der(TAG.bitString, Uint8Array.of(0), bytes);
}

/** OBJECT IDENTIFIER from its dotted form, X.690 section 8.19. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(TAG.oid, ...[40 * first + second, ...rest].map(base128));
}

function base128(value: number): Uint8Array {
  const digits = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
    digits.unshift((left % 128) | 0x80);
  }
  return Uint8Array.from(digits);
}

function lengthOf(size: number): Uint8Array {
  if (size < 0x80) return Uint8Array.of(size);
  if (size < 0x100) return Uint8Array.of(0x81, size);
  if (size < 0x10000) return Uint8Array.of(0x82, size >> 8, size & 0xff);
  return Uint8Array.of(0x83, size >> 16, (size >> 8) & 0xff, size & 0xff);
}

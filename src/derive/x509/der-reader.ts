import { KeylineError } from '../../kernel/errors.ts';

/** One value inside somebody's DER: views of the bytes it was read from. */
export interface DerValue {
  readonly tag: number;
  /** Contents without tag and length. */
  readonly contents: Uint8Array;
  /** The whole value. */
  readonly raw: Uint8Array;
}

/** Reads exactly one value, with nothing after it. Throws `certificate-invalid`. */
export function readDer(bytes: Uint8Array, tag?: number): DerValue {
  const value = readFirst(bytes);
  if (value.raw.length !== bytes.length) throw malformed('bytes follow the structure');
  if (tag !== undefined && value.tag !== tag) throw malformed('another structure was expected');
  return value;
}

/** Reads the values inside a constructed one, in order. Throws `certificate-invalid`. */
export function readChildren(value: DerValue): DerValue[] {
  const children: DerValue[] = [];
  for (let rest = value.contents; rest.length > 0;) {
    const child = readFirst(rest);
    children.push(child);
    rest = rest.subarray(child.raw.length);
  }
  return children;
}

/** The same, of bytes that must be one value with this tag. */
export function readParts(bytes: Uint8Array, tag: number): DerValue[] {
  return readChildren(readDer(bytes, tag));
}

/** Definite, shortest lengths and one-byte tags only (X.690 section 10.1): all that X.509 needs. */
function readFirst(bytes: Uint8Array): DerValue {
  const [tag = 0, first = 0] = bytes;
  if (bytes.length < 2 || (tag & 0x1f) === 0x1f) throw malformed('it is not DER');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 3) throw malformed('a length is not DER');
  let size = first < 0x80 ? first : 0;
  for (let at = 0; at < lengthBytes; at++) size = (size << 8) | (bytes[2 + at] ?? 0);
  if (lengthBytes > 0 && size < (lengthBytes === 1 ? 0x80 : 1 << (8 * (lengthBytes - 1)))) {
    throw malformed('a length is not the shortest');
  }
  const start = 2 + lengthBytes;
  if (start + size > bytes.length) throw malformed('it is cut off');
  return {
    tag,
    contents: bytes.subarray(start, start + size),
    raw: bytes.subarray(0, start + size),
  };
}

/** The error for a structure that cannot be what it is said to be. */
export function malformed(why: string): KeylineError {
  return new KeylineError('certificate-invalid', {
    message: `the certificate or key is malformed: ${why}`,
  });
}

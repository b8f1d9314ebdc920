import { timingSafeEqual } from 'node:crypto';

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';
/** Value of each character code below 128, or 255. */
const CROCKFORD_VALUE = new Uint8Array(128).fill(255);
for (let value = 0; value < 32; value++) CROCKFORD_VALUE[CROCKFORD.charCodeAt(value)] = value;

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** All parts, one after the other, in a new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `value` as 8 bytes, big-endian; `value` is a whole number of at most 2^53−1. */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value >>> 0);
  return bytes;
}

/** Equality in time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return view(bytes).toString('hex');
}

/** Base64 with padding, RFC 4648 section 4. */
export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString('base64');
}

/** Base64url without padding, RFC 4648 section 5. */
export function toBase64Url(bytes: Uint8Array): string {
  return view(bytes).toString('base64url');
}

/** Crockford base32, lower case, most significant bit first, padding bits zero. */
export function toCrockford(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += CROCKFORD.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + CROCKFORD.charAt((held << (5 - bits)) & 31) : text;
}

/** Bytes of canonical lower-case hexadecimal, or undefined. */
export function fromHex(text: string): Uint8Array | undefined {
  return canonical(text, Uint8Array.from(Buffer.from(text, 'hex')), toHex);
}

/** Bytes of canonical padded base64, or undefined. */
export function fromBase64(text: string): Uint8Array | undefined {
  return canonical(text, Uint8Array.from(Buffer.from(text, 'base64')), toBase64);
}

/** Bytes of canonical unpadded base64url, or undefined. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  return canonical(text, Uint8Array.from(Buffer.from(text, 'base64url')), toBase64Url);
}

/** Bytes of canonical lower-case Crockford base32, or undefined. */
export function fromCrockford(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let place = 0; place < text.length; place++) {
    const value = CROCKFORD_VALUE[text.charCodeAt(place)] ?? 255;
    if (value === 255) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  // What is left over is padding: fewer bits than a character has, all zero.
  return bits < 5 && held === 0 ? bytes : undefined;
}

/** What a person typed or a scanner read, as lower-case Crockford: look-alikes I, L → 1 and O → 0. */
export function crockfordFromPerson(text: string): string {
  return text.toLowerCase().replace(/[il]/g, '1').replace(/o/g, '0');
}

/** A second spelling of the same bytes is refused, so that a value can be compared as text. */
function canonical(
  text: string,
  bytes: Uint8Array,
  encode: (bytes: Uint8Array) => string,
): Uint8Array | undefined {
  return encode(bytes) === text ? bytes : undefined;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

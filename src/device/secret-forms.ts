import type { Secret } from '../kernel/secret.ts';

/** The spellings of one secret that are looked for, to be wiped by the caller. */
export interface SecretForms {
  /** Bytes of no text, as they are. */
  readonly raw: readonly Uint8Array[];
  /** Texts, reduced by `plainText`. */
  readonly text: readonly Uint8Array[];
}

/** Shorter values would hide half of every log. */
const SHORTEST_BYTES = 4;
const PEM_LINES = /-----(BEGIN|END) [A-Z0-9 ]+-----/g;

/**
 * Every form in which a secret is sent or echoed: its bytes, and what they stand for where they are
 * hexadecimal, base64, base64url (with or without a prefix such as `es_`) or PEM; each of these as it
 * is, in hexadecimal (also as 0x41, and as C escapes), and in base64 at each of the three places that
 * a secret may have inside a longer value.
 */
export function formsOf(secret: Secret): SecretForms {
  return secret.use((bytes) => {
    const values = [Uint8Array.from(bytes), ...decoded(bytes)].filter(
      (value) => value.length >= SHORTEST_BYTES,
    );
    const raw = values.filter((value) => !isPrintable(value));
    const text = values.flatMap((value) => [
      ...(isPrintable(value) ? [Buffer.from(value)] : []),
      hex(value, ''),
      hex(value, '0x'),
      hex(value, 'x'),
      ...base64At(value),
    ]);
    const forms = { raw: raw.map((value) => Uint8Array.from(value)), text: text.map(plainText) };
    for (const value of [...values, ...text]) value.fill(0);
    return forms;
  });
}

/**
 * Only letters and digits, lower-case: line ends, framing, columns, quotes and the two alphabets of
 * base64 differ in nothing else. The caller wipes it.
 */
export function plainText(bytes: Uint8Array): Uint8Array {
  const plain = new Uint8Array(bytes.length);
  let size = 0;
  for (const byte of bytes) {
    const kept = plainByte(byte);
    if (kept !== 0) plain[size++] = kept;
  }
  const result = plain.slice(0, size);
  plain.fill(0);
  return result;
}

/** The byte as `plainText` keeps it; 0 for one that is left out. */
export function plainByte(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) ? byte : 0;
}

/** What a text stands for, in every encoding that it may be. */
function decoded(bytes: Uint8Array): Uint8Array[] {
  if (!isPrintable(bytes)) return [];
  // JavaScript text cannot be wiped; it lives for this call.
  const text = Buffer.from(bytes).toString('latin1').trim();
  const body = text.replace(PEM_LINES, '').replace(/\s/g, '');
  const bare = body.replace(/^[a-z]{2}_/, '');
  const found: Uint8Array[] = [];
  if (/^([0-9a-f]{2})+$/i.test(body)) found.push(Buffer.from(body, 'hex'));
  // Buffer reads both alphabets of base64, padded or not.
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(bare)) found.push(Buffer.from(bare, 'base64'));
  return found;
}

function isPrintable(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

function hex(bytes: Uint8Array, before: string): Buffer {
  return Buffer.concat(
    Array.from(bytes, (byte) => Buffer.from(before + byte.toString(16).padStart(2, '0'))),
  );
}

/**
 * With 0, 1 or 2 unknown bytes before them: the characters that depend on nothing but `bytes`, and the
 * last one as it is where nothing follows.
 */
function base64At(bytes: Uint8Array): Buffer[] {
  return [0, 1, 2].map((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const encoded = Buffer.from(padded.toString('base64').replace(/=+$/, ''), 'latin1');
    const first = Math.ceil((before * 8) / 6);
    padded.fill(0);
    return encoded.subarray(first);
  });
}

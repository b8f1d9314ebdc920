import { concat, utf8 } from '../../kernel/bytes.ts';

/** How a value stands in a line so that the console takes it as it is. */
export const QUOTE_STYLES = ['posix', 'u-boot', 'python', 'none'] as const;
export type QuoteStyle = (typeof QUOTE_STYLES)[number];

const QUOTE = 0x27;

/**
 * The bytes of a value as one word of a line, in a new array, the caller's to wipe; undefined for
 * bytes that this console cannot be given. Control characters never can: they would end the line.
 */
export function quoteBytes(bytes: Uint8Array, style: QuoteStyle): Uint8Array | undefined {
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) return undefined;
  switch (style) {
    case 'posix':
      // POSIX Shell Command Language section 2.2.2: nothing is special between single quotes but their end.
      return wrapped(replaceQuotes(bytes, utf8(String.raw`'\''`)));
    case 'u-boot':
      // Hush has no way to write a quote between quotes, and takes a backslash there in some versions.
      if (bytes.some((byte) => byte === QUOTE || byte === 0x5c || byte > 0x7e)) return undefined;
      return wrapped(bytes);
    case 'python': {
      if (bytes.some((byte) => byte > 0x7e)) return undefined;
      return wrapped(escaped(bytes));
    }
    case 'none':
      return bytes.length > 0 && bytes.every(isPlain) ? Uint8Array.from(bytes) : undefined;
  }
}

/** Letters, digits and `_ . : / + = @ % , -`: special to no console. */
function isPlain(byte: number): boolean {
  return /^[A-Za-z0-9_.:/+=@%,-]$/.test(String.fromCharCode(byte));
}

function replaceQuotes(bytes: Uint8Array, by: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(QUOTE); at !== -1; at = bytes.indexOf(QUOTE, from)) {
    parts.push(bytes.subarray(from, at), by);
    from = at + 1;
  }
  return concat(...parts, bytes.subarray(from));
}

/** Python's string literals: a backslash before a quote and before itself. */
function escaped(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte === QUOTE || byte === 0x5c) out.push(0x5c);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

function wrapped(bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(QUOTE), bytes, Uint8Array.of(QUOTE));
}

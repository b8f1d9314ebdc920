import type { RowFormat } from '../model/row-template.ts';

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;

/**
 * Offset just after the last whole row in `bytes`, which begin with a row; 0 when none ends there.
 * In CSV a line feed within quotes (RFC 4180 section 2, 6) ends no row.
 */
export function endOfLastRow(bytes: Uint8Array, format: RowFormat): number {
  if (format === 'ndjson' || !bytes.includes(QUOTE)) return bytes.lastIndexOf(LINE_FEED) + 1;
  return scanQuoted(bytes, Infinity).end;
}

/** Offset just after the first `rows` rows of `bytes`, which hold at least as many. */
export function endOfRows(bytes: Uint8Array, rows: number, format: RowFormat): number {
  if (rows === 0) return 0;
  if (format === 'csv' && bytes.includes(QUOTE)) return scanQuoted(bytes, rows).end;
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const at = bytes.indexOf(LINE_FEED, end);
    if (at < 0) break;
    end = at + 1;
  }
  return end;
}

/** How many whole rows, at most `limit`, `bytes` begin with, and the offset after them. */
export function wholeRows(
  bytes: Uint8Array,
  limit: number,
  format: RowFormat,
): { readonly rows: number; readonly end: number } {
  if (format === 'csv' && bytes.includes(QUOTE)) return scanQuoted(bytes, limit);
  let rows = 0;
  let end = 0;
  while (rows < limit) {
    const at = bytes.indexOf(LINE_FEED, end);
    if (at < 0) break;
    end = at + 1;
    rows++;
  }
  return { rows, end };
}

/** Walks whole rows, at most `limit`; a quote opens a field only where a field begins. */
function scanQuoted(bytes: Uint8Array, limit: number): { rows: number; end: number } {
  let rows = 0;
  let end = 0;
  let isFieldStart = true;
  for (let at = 0; at < bytes.length && rows < limit; at++) {
    const byte = bytes[at];
    if (byte === QUOTE && isFieldStart) {
      at = endOfQuotes(bytes, at);
      isFieldStart = false;
      continue;
    }
    isFieldStart = byte === COMMA || byte === LINE_FEED;
    if (byte === LINE_FEED) {
      rows++;
      end = at + 1;
    }
  }
  return { rows, end };
}

/** Place of the quote that closes the field opened at `open`, or the last place of all. */
function endOfQuotes(bytes: Uint8Array, open: number): number {
  let at = open + 1;
  for (;;) {
    at = bytes.indexOf(QUOTE, at);
    if (at < 0) return bytes.length;
    if (bytes[at + 1] !== QUOTE) return at;
    at += 2;
  }
}

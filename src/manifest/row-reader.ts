import { isUtf8 } from 'node:buffer';
import type { RowFormat } from '../model/row-template.ts';
import type { ByteWindow } from './byte-window.ts';
import { endOfLastRow, endOfRows } from './row-ends.ts';

/** Longer rows are a defect: a certificate chain in PEM has a tenth of it. */
export const MAX_ROW_BYTES = 1024 * 1024;

const BLOCK_BYTES = 128 * 1024;
const FEW_ROWS_BYTES = 1024;
const LINE_FEED = 0x0a;
const QUOTE = 0x22;

/** One row as it stands in the file. */
export interface RawRow {
  /** Line of the file on which the row begins, from 1. */
  readonly line: number;
  /** Without its line end. */
  readonly text: string;
  /** Bytes in the file, its line end included. */
  readonly sizeBytes: number;
  /** What is wrong with the row as a piece of text. */
  readonly problem?: 'truncated-row' | 'unclosed-quote' | 'row-too-long' | 'not-utf8';
}

/** Whole rows that stand at the start of the window. */
export interface RowBlock {
  readonly rows: readonly RawRow[];
  /** Their bytes, lent until the window is filled again. */
  readonly bytes: Uint8Array;
}

/** Cuts what is in a window into rows. It reads; whoever uses the rows moves the window on with `skip`. */
export class RowReader {
  readonly #window: ByteWindow;
  readonly #format: RowFormat;
  #line = 1;

  constructor(window: ByteWindow, format: RowFormat) {
    this.#window = window;
    this.#format = format;
  }

  /** Line of the file at which the window begins. */
  get line(): number {
    return this.#line;
  }

  /** The next rows, at most `limit`; undefined at the end of the file. They stay in the window. */
  async peek(limit = Infinity): Promise<RowBlock | undefined> {
    for (let wanted = limit < 16 ? FEW_ROWS_BYTES : BLOCK_BYTES; ; wanted *= 2) {
      const isWhole = !(await this.#window.fill(wanted));
      const bytes = this.#window.bytes.subarray(0, wanted);
      if (bytes.length === 0) return undefined;
      let end = endOfLastRow(bytes, this.#format);
      if (end > 0 && limit < Infinity) {
        end = Math.min(end, endOfRows(bytes.subarray(0, end), limit, this.#format));
      }
      const block = end > 0 ? this.#block(bytes.subarray(0, end)) : undefined;
      const isEnough = limit === Infinity || (block && block.rows.length >= limit);
      if (block && (isEnough || isWhole || wanted >= MAX_ROW_BYTES)) return block;
      if (isWhole || wanted >= MAX_ROW_BYTES) return this.#brokenRow(bytes);
    }
  }

  /** Whether the window begins with exactly these bytes. */
  async startsWith(bytes: Uint8Array): Promise<boolean> {
    if (!(await this.#window.fill(bytes.length))) return false;
    return Buffer.compare(this.#window.bytes.subarray(0, bytes.length), bytes) === 0;
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.#window.fill(1));
  }

  /** Moves past whole rows; `rows` says how many, where each is known to be one line. */
  skip(bytes: Uint8Array, rows?: number): void {
    const isOneLineEach = rows !== undefined && !(this.#format === 'csv' && bytes.includes(QUOTE));
    this.#line += isOneLineEach ? rows : countLines(bytes);
    this.#window.skip(bytes.length);
  }

  #block(bytes: Uint8Array): RowBlock {
    const isText = isUtf8(bytes);
    const text = decode(bytes, isText);
    const rows: RawRow[] = [];
    let line = this.#line;
    for (const rowText of splitText(text, this.#format)) {
      const sizeBytes = (isText ? Buffer.byteLength(rowText) : rowText.length) + 1;
      rows.push({ line, text: rowText, sizeBytes, ...badText(rowText, isText) });
      line += rowText.includes('\n') ? countLineFeeds(rowText) + 1 : 1;
    }
    return { rows, bytes };
  }

  /** A row that no line end closes: at the end of the file, or because a quote stays open. */
  #brokenRow(bytes: Uint8Array): RowBlock {
    const lineEnd = bytes.indexOf(LINE_FEED) + 1;
    const row = bytes.subarray(0, lineEnd > 0 ? lineEnd : Math.min(bytes.length, MAX_ROW_BYTES));
    const text = decode(lineEnd > 0 ? row.subarray(0, -1) : row, isUtf8(row));
    // The line alone is given up, so that the rest of the file is still read.
    const isLong = lineEnd === 0 && bytes.length >= MAX_ROW_BYTES;
    const problem = lineEnd > 0 ? 'unclosed-quote' : isLong ? 'row-too-long' : 'truncated-row';
    return { rows: [{ line: this.#line, text, sizeBytes: row.length, problem }], bytes: row };
  }
}

/** Whole rows of UTF-8, each without its line end. */
export function splitRows(bytes: Uint8Array, format: RowFormat): string[] {
  return splitText(decode(bytes, true), format);
}

/** How many rows `splitRows` would give. */
export function countRows(bytes: Uint8Array, format: RowFormat): number {
  const isQuoted = format === 'csv' && bytes.includes(QUOTE);
  return isQuoted ? splitRows(bytes, format).length : countLines(bytes);
}

function splitText(text: string, format: RowFormat): string[] {
  if (format === 'ndjson' || !text.includes('"')) return text.slice(0, -1).split('\n');
  const rows: string[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    const end = at + endOfRows(bytes.subarray(at), 1, 'csv');
    rows.push(bytes.toString('utf8', at, end - 1));
    at = end;
  }
  return rows;
}

/** How many lines end in these bytes. */
function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}

function decode(bytes: Uint8Array, isText: boolean): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return isText ? buffer.toString('utf8') : buffer.toString('latin1');
}

function badText(text: string, isText: boolean): { problem?: 'not-utf8' } {
  return isText || !/[\u0080-\u00ff]/.test(text) ? {} : { problem: 'not-utf8' };
}

function countLineFeeds(text: string): number {
  return text.split('\n').length - 1;
}

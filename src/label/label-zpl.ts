import { toHex, utf8 } from '../kernel/bytes.ts';
import type { LabelLayout } from './label-layout.ts';
import { codeRaster } from './label-raster.ts';
import type { Raster } from './raster.ts';

/**
 * The label as ZPL II. The code is a graphic of whole dots, so that no printer's own idea of a symbol
 * stands between it and the scanner; text is in the printer's scalable font, in UTF-8 (`^CI28`).
 * `remark` goes into a comment that the printer leaves out.
 */
export function labelZpl(layout: LabelLayout, remark: string): string {
  const { width, height, code, text } = layout;
  const lines = (text?.lines ?? []).map((line, at) => {
    if (!text || line === '') return '';
    const y = Math.round(text.y + at * text.pitch);
    const size = Math.floor(text.height);
    return `^FO${text.x},${y}^A0N,${size},${Math.floor(size * 0.9)}^FH^FD${fieldData(line)}^FS`;
  });
  return [
    '^XA',
    `^FX ${remarkText(remark)}^FS`,
    '^CI28',
    `^PW${width}^LL${height}^LH0,0`,
    `^FO${code.x},${code.y}${graphicField(codeRaster(layout))}^FS`,
    ...lines.filter((line) => line !== ''),
    '^PQ1',
    '^XZ',
    '',
  ].join('\n');
}

/** Text of a `^FD` after `^FH`: whatever is not plain stands as `_` and two hexadecimal digits for each byte. */
export function fieldData(text: string): string {
  return text.replace(/[^ -~]+|[\^~_\\]/gu, (special) =>
    toHex(utf8(special)).toUpperCase().replace(/../g, '_$&'),
  );
}

/** A comment ends at the next command: no character that begins one stays. */
function remarkText(text: string): string {
  return text.replace(/[^ -~]|[\^~]/gu, '?');
}

/** `^GFA`, its rows compressed as ZPL II does: letters for how often a digit comes, `,` for the empty rest, `:` for the row before. */
function graphicField({ bytes, rowBytes, height }: Raster): string {
  let data = '';
  let before: string | undefined;
  for (let row = 0; row < height; row++) {
    const digits = toHex(bytes.subarray(row * rowBytes, (row + 1) * rowBytes)).toUpperCase();
    data += digits === before ? ':' : compressRow(digits);
    before = digits;
  }
  return `^GFA,${bytes.length},${bytes.length},${rowBytes},${data}`;
}

function compressRow(digits: string): string {
  const filled = digits.replace(/0+$/, '');
  const runs = filled.replace(/(.)\1*/g, (run, digit: string) => times(run.length) + digit);
  return filled.length < digits.length ? `${runs},` : runs;
}

/** G…Y say 1 to 19 times, g…z 20 to 400 in twenties; put together they add up. */
function times(count: number): string {
  if (count === 1) return '';
  const most = 'z'.repeat(Math.floor(count / 400));
  const twenties = Math.floor((count % 400) / 20);
  const ones = count % 20;
  const letter = (first: string, at: number): string =>
    at === 0 ? '' : String.fromCharCode(first.charCodeAt(0) + at - 1);
  return most + letter('g', twenties) + letter('G', ones);
}

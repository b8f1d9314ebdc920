import { inflateSync } from 'node:zlib';
import {
  BinaryBitmap,
  DataMatrixReader,
  HybridBinarizer,
  RGBLuminanceSource,
} from '@zxing/library';
import jsQR from 'jsqr';

/** Dots of a picture, row by row, 1 for black. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly dots: Uint8Array;
}

const decodeQr = jsQR as unknown as typeof jsQR.default;

/** What the QR code in a picture says, by jsQR; undefined where it finds none. */
export function readQr({ width, height, dots }: Picture): string | undefined {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (const [at, dot] of dots.entries()) {
    const grey = dot === 1 ? 0 : 255;
    rgba.set([grey, grey, grey, 255], 4 * at);
  }
  return decodeQr(rgba, width, height)?.data;
}

/** What the Data Matrix in a picture says, by ZXing. Throws where it finds none. */
export function readDataMatrix({ width, height, dots }: Picture): string {
  const grey = Uint8ClampedArray.from(dots, (dot) => (dot === 1 ? 0 : 255));
  const source = new RGBLuminanceSource(grey, width, height);
  return new DataMatrixReader().decode(new BinaryBitmap(new HybridBinarizer(source))).getText();
}

/** A PNG of one bit a dot, without filters. */
export function readPng(bytes: Uint8Array): Picture & { readonly perMetre: number } {
  const file = Buffer.from(bytes);
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    chunks.set(file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const header = chunks.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  const rowBytes = Math.ceil(width / 8);
  const dots = Uint8Array.from({ length: width * height }, (_, at) => {
    const [row, x] = [Math.floor(at / width), at % width];
    const byte = rows[row * (rowBytes + 1) + 1 + (x >> 3)] ?? 0;
    return (byte >> (7 - (x & 7))) & 1 ? 0 : 1;
  });
  return { width, height, dots, perMetre: chunks.get('pHYs')?.readUInt32BE(0) ?? 0 };
}

/** The rectangles of an SVG label's first path. */
export function readSvg(svg: string): Picture {
  const [, w = '0', h = '0'] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
  const picture = blank(Number(w), Number(h));
  const path = /crispEdges" d="([^"]+)"/.exec(svg)?.[1] ?? '';
  for (const [, x, y, width, height] of path.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)h-\d+z/g)) {
    blacken(picture, [x, y, width, height].map(Number));
  }
  return picture;
}

/** The graphic of a ZPL label, at its place, and the texts of its fields. */
export function readZpl(zpl: string): Picture & { readonly texts: readonly string[] } {
  const [, w = '0', h = '0'] = /\^PW(\d+)\^LL(\d+)/.exec(zpl) ?? [];
  const picture = blank(Number(w), Number(h));
  const field = /\^FO(\d+),(\d+)\^GFA,(\d+),\d+,(\d+),([^^]*)\^FS/.exec(zpl);
  const [, x, y, total = '0', rowBytes = '0', data = ''] = field ?? [];
  const rows = unpack(data, 2 * Number(rowBytes));
  if (rows.length * Number(rowBytes) !== Number(total)) throw new Error('the sizes do not fit');
  for (const [row, digits] of rows.entries()) {
    for (const [place, digit] of [...digits].entries()) {
      for (let bit = 0; bit < 4; bit++) {
        const isBlack = (Number.parseInt(digit, 16) >> (3 - bit)) & 1;
        if (isBlack) blacken(picture, [Number(x) + 4 * place + bit, Number(y) + row, 1, 1]);
      }
    }
  }
  const texts = [...zpl.matchAll(/\^FH\^FD([^^]*)\^FS/g)].map(([, text = '']) =>
    Buffer.from(
      text.replace(/_([0-9A-F]{2})|(.)/gsu, (_, hex: string | undefined, other: string) =>
        hex === undefined
          ? Buffer.from(other).toString('latin1')
          : String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'latin1',
    ).toString('utf8'),
  );
  return { ...picture, texts };
}

/** ZPL II's compression of hexadecimal digits, undone. */
function unpack(data: string, digitsARow: number): string[] {
  const rows: string[] = [];
  let row = '';
  let times = 0;
  for (const letter of data) {
    if (letter === ':') rows.push(rows.at(-1) ?? '');
    else if (letter === ',') row = row.padEnd(digitsARow, '0');
    else if (/[G-Y]/.test(letter)) times += letter.charCodeAt(0) - 70;
    else if (/[g-z]/.test(letter)) times += 20 * (letter.charCodeAt(0) - 102);
    else {
      row += letter.repeat(times || 1);
      times = 0;
    }
    if (row.length === digitsARow) {
      rows.push(row);
      row = '';
    }
  }
  return rows;
}

function blank(width: number, height: number): Picture {
  return { width, height, dots: new Uint8Array(width * height) };
}

function blacken(picture: Picture, [x = 0, y = 0, width = 0, height = 0]: number[]): void {
  for (let row = y; row < y + height; row++) {
    picture.dots.fill(1, row * picture.width + x, row * picture.width + x + width);
  }
}

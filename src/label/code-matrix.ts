import type { DrawingContext } from 'bwip-js/generic';

/** The two codes that a label can bear. */
export const CODE_KINDS = ['qr', 'datamatrix'] as const;
export type CodeKind = (typeof CODE_KINDS)[number];

/** A code as its modules, without the quiet zone around them. */
export interface CodeMatrix {
  /** Modules on a side. */
  readonly size: number;
  /** Light modules to stand on each side; ISO/IEC 16022 asks for one, which a cutter that is off would take. */
  readonly quiet: number;
  isDark(column: number, row: number): boolean;
}

const QUIET = { qr: 4, datamatrix: 2 } as const;
/** Pixels of a module as the library draws it at scale 1. */
const PIXELS = 2;

/**
 * The QR code (error correction level M) or the square Data Matrix (ECC 200) of a text. The library is
 * loaded by the first of them: it is 180 kB, and only labels need it.
 */
export async function makeCode(kind: CodeKind, text: string): Promise<CodeMatrix> {
  const { qrcode, datamatrix } = await import('./symbols.ts');
  const pixels = new PixelShape();
  // The types of its options leave out what one symbology alone has.
  const options = { bcid: kind === 'qr' ? 'qrcode' : kind, text, scale: 1, eclevel: 'M' };
  if (kind === 'qr') qrcode(options, pixels);
  else datamatrix(options, pixels);
  const size = pixels.width / PIXELS;
  const rows = Array.from({ length: size }, (_row, row) =>
    Array.from({ length: size }, (_column, column) =>
      pixels.isInside(PIXELS * (column + 0.5), PIXELS * (row + 0.5)),
    ),
  );
  return { size, quiet: QUIET[kind], isDark: (column, row) => rows[row]?.[column] === true };
}

type Point = readonly [x: number, y: number];

/** Takes the code's outline, orthogonal polygons of which one inside another is a hole, instead of drawing it. */
class PixelShape implements DrawingContext<void> {
  width = 0;
  /** Per row of pixels, the x of every vertical edge that crosses its middle. */
  readonly #edges = new Map<number, number[]>();

  scale(x: number, y: number): [number, number] {
    return [x, y];
  }

  init(width: number): void {
    this.width = width;
  }

  polygon(points: readonly Point[]): void {
    for (const [at, [x, y]] of points.entries()) {
      const [nextX, nextY] = points[(at + 1) % points.length] ?? [x, y];
      if (x !== nextX) continue;
      for (let row = Math.min(y, nextY); row < Math.max(y, nextY); row++) {
        this.#edges.set(row, [...(this.#edges.get(row) ?? []), x]);
      }
    }
  }

  isInside(x: number, y: number): boolean {
    const before = (this.#edges.get(Math.floor(y)) ?? []).filter((edge) => edge < x);
    return before.length % 2 === 1;
  }

  measure(): { width: number; ascent: number; descent: number } {
    return { width: 0, ascent: 0, descent: 0 };
  }

  // A code of squares is made of polygons alone, without any text.
  line(): void {}
  hexagon(): void {}
  ellipse(): void {}
  fill(): void {}
  text(): void {}
  end(): void {}
}

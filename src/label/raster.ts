/** Black and white dots; a set bit is a black one. */
export class Raster {
  readonly width: number;
  readonly height: number;
  readonly rowBytes: number;
  /** Row by row, each in whole bytes, the leftmost dot in the highest bit. */
  readonly bytes: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.rowBytes = Math.ceil(width / 8);
    this.bytes = new Uint8Array(this.rowBytes * height);
  }

  /** Blackens dots from `x` to before `end` in a row; what lies outside is left out. */
  run(row: number, x: number, end: number): void {
    if (row < 0 || row >= this.height) return;
    for (let at = Math.max(0, x); at < Math.min(this.width, end); at++) {
      const place = row * this.rowBytes + (at >> 3);
      this.bytes[place] = (this.bytes[place] ?? 0) | (0x80 >> (at & 7));
    }
  }

  /**
   * Fills a closed path of M, L, Q and Z in its own units, of which one is `scale` dots, its origin at
   * `x`, `y`: every dot whose middle is inside, by the nonzero winding rule.
   */
  fill(path: string, at: { readonly x: number; readonly y: number; readonly scale: number }): void {
    const edges = edgesOf(path).map(([x0, y0, x1, y1]): Edge => [
      at.x + x0 * at.scale,
      at.y + y0 * at.scale,
      at.x + x1 * at.scale,
      at.y + y1 * at.scale,
    ]);
    const ys = edges.flatMap(([, y0, , y1]) => [y0, y1]);
    if (ys.length === 0) return;
    for (let row = Math.floor(Math.min(...ys)); row <= Math.max(...ys); row++) {
      this.#fillRow(row, edges);
    }
  }

  #fillRow(row: number, edges: readonly Edge[]): void {
    const middle = row + 0.5;
    const crossings = edges
      .filter(([, y0, , y1]) => y0 <= middle !== y1 <= middle)
      .map(([x0, y0, x1, y1]) => ({
        x: x0 + ((middle - y0) / (y1 - y0)) * (x1 - x0),
        turn: y1 > y0 ? 1 : -1,
      }))
      .sort((a, b) => a.x - b.x);
    let winding = 0;
    for (const [place, { x, turn }] of crossings.entries()) {
      winding += turn;
      const next = crossings[place + 1];
      if (winding !== 0 && next) this.run(row, Math.ceil(x - 0.5), Math.ceil(next.x - 0.5));
    }
  }
}

type Edge = readonly [x0: number, y0: number, x1: number, y1: number];
/** Chords of a curve: at the size of a letter on a label no dot is missed. */
const CHORDS = 6;

/** The straight edges of a path. */
function edgesOf(path: string): Edge[] {
  const edges: Edge[] = [];
  let [x, y, startX, startY] = [0, 0, 0, 0];
  const lineTo = (toX: number, toY: number): void => {
    edges.push([x, y, toX, toY]);
    [x, y] = [toX, toY];
  };
  for (const [, command = '', numbers = ''] of path.matchAll(/([MLQZ])([^MLQZ]*)/g)) {
    const [a = 0, b = 0, c = 0, d = 0] = numbers
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    if (command === 'L') lineTo(a, b);
    if (command === 'Q') {
      const [fromX, fromY] = [x, y];
      for (let chord = 1; chord <= CHORDS; chord++) {
        const t = chord / CHORDS;
        const [p, q, r] = [(1 - t) ** 2, 2 * t * (1 - t), t * t];
        lineTo(p * fromX + q * a + r * c, p * fromY + q * b + r * d);
      }
    }
    if (command === 'M' || command === 'Z') {
      if (x !== startX || y !== startY) lineTo(startX, startY);
    }
    if (command === 'M') [x, y, startX, startY] = [a, b, a, b];
  }
  return edges;
}

/** What a slot shows: a word that says how it stands, whose unit it is, and what a person does next. */
export interface SlotBlock {
  readonly word: 'WAIT' | 'BUSY' | 'SCAN' | 'PASS' | 'FAIL' | 'PORT';
  /** A serial, or a hardware id. */
  readonly who: string;
  /** Of a failure. */
  readonly code?: string;
  readonly detail: string;
  readonly next: string;
}

/** A terminal's size in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a picture is made of. */
export interface PictureParts {
  readonly title: string;
  readonly blocks: readonly (readonly [slot: number, block: SlotBlock])[];
  readonly totals: string;
  readonly colour: boolean;
}

const COLOURS = { WAIT: 2, BUSY: 36, SCAN: 35, PASS: 32, FAIL: 31, PORT: 33 } as const;
/** Slot number, word and the spaces around them: what a slot shows at the least. */
const LEAST_COLUMNS = 9;

/**
 * Lays a run out as lines that fit the terminal, the last row left for the cursor. Two lines for each
 * slot while there is room, then one, then several slots side by side; number and word always show.
 */
export function layOut(parts: PictureParts, size: ScreenSize): string[] {
  return linesOf(parts, size).slice(0, Math.max(1, size.rows - 1));
}

function linesOf(parts: PictureParts, { columns, rows }: ScreenSize): string[] {
  const { blocks, colour } = parts;
  const title = cut(parts.title, columns);
  const totals = cut(parts.totals, columns);
  const room = rows - 1;
  if (2 * blocks.length + 4 <= room) {
    const all = blocks.flatMap(([slot, block]) => twoLines(slot, block, { columns, colour }));
    return [title, '', ...all, '', totals];
  }
  const left = Math.max(1, room - 2);
  const across = Math.ceil(blocks.length / left);
  const width = Math.floor(columns / across);
  if (across === 1 || width >= LEAST_COLUMNS) {
    return [title, ...sideBySide(blocks, { across, width, colour }), totals];
  }
  // More slots than the terminal can name: those that fit, and how many more there are.
  const most = Math.max(1, Math.floor(columns / LEAST_COLUMNS));
  const shown = blocks.slice(0, Math.max(1, most * (left - 1)));
  const grid = sideBySide(shown, { across: most, width: LEAST_COLUMNS, colour });
  return [title, ...grid, cut(`and ${blocks.length - shown.length} more slots`, columns), totals];
}

function twoLines(
  slot: number,
  { word, who, code, detail, next }: SlotBlock,
  { columns, colour }: { readonly columns: number; readonly colour: boolean },
): string[] {
  const head = `${String(slot).padStart(3)}  `;
  const what = code === undefined ? detail : `${code}: ${detail}`;
  const subject = [who, what].filter(Boolean).join('  ');
  const rest = cut(`  ${subject}`, columns - head.length - word.length).trimEnd();
  const arrow = cut(`${' '.repeat(head.length)}→ ${next}`, columns);
  return [`${head}${painted(word, colour)}${rest}`, arrow];
}

/** Slots one below the other, then in the next column. */
function sideBySide(
  blocks: PictureParts['blocks'],
  { across, width, colour }: { across: number; width: number; colour: boolean },
): string[] {
  const down = Math.ceil(blocks.length / across);
  return Array.from({ length: down }, (_, row) =>
    Array.from({ length: across }, (__, column) => blocks[column * down + row])
      .filter((cell) => cell !== undefined)
      .map(([slot, block]) => oneLine(slot, block, { width, colour }))
      .join('')
      .trimEnd(),
  );
}

function oneLine(
  slot: number,
  { word, who, code, next }: SlotBlock,
  { width, colour }: { readonly width: number; readonly colour: boolean },
): string {
  const head = `${String(slot).padStart(3)} `;
  const subject = [who, code].filter(Boolean).join(' ');
  const rest = subject === '' ? ` → ${next}` : ` ${subject} → ${next}`;
  // One column stays free between neighbours.
  const room = Math.max(0, width - head.length - word.length - 1);
  return `${head}${painted(word, colour)}${cut(rest, room).padEnd(room + 1)}`;
}

function painted(word: SlotBlock['word'], colour: boolean): string {
  return colour ? `\x1b[1;${COLOURS[word]}m${word}\x1b[0m` : word;
}

function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`;
}

/** Lines of text in a box, in dots. */
export interface FittedText {
  readonly lines: readonly string[];
  /** Of a character's cell, an em. */
  readonly height: number;
  /** From a line to the next. */
  readonly pitch: number;
}

/** A box for text, and the dots of a millimetre. */
export interface TextBox {
  readonly width: number;
  readonly height: number;
  readonly dotsPerMm: number;
  /** A character's width, in em. */
  readonly advance: number;
}

const PITCH = 1.25;
/** From the nicest to the least: the greatest and smallest em in mm, and up to which length a line stays whole. */
const TRIES = [
  { most: 4, least: 1.6, whole: Infinity },
  { most: 2.4, least: 1.4, whole: 20 },
  { most: 2, least: 1.2, whole: 0 },
] as const;

/** The lines as great as they fit, long ones broken into even parts; undefined where they do not fit at all. */
export function fitText(lines: readonly string[], box: TextBox): FittedText | undefined {
  for (const { most, least, whole } of TRIES) {
    const smallest = Math.ceil(least * box.dotsPerMm);
    for (let height = Math.floor(most * box.dotsPerMm); height >= smallest; height--) {
      const columns = Math.floor(box.width / (height * box.advance));
      if (columns < 1) continue;
      const isBroken = lines.some((line) => line.length > columns && line.length <= whole);
      if (isBroken) continue;
      const broken = lines.flatMap((line) => breakLine(line, columns));
      if (broken.length * height * PITCH <= box.height) {
        return { lines: broken, height, pitch: height * PITCH };
      }
    }
  }
  return undefined;
}

/** At most `columns` characters each, at a space where there is one, else in even parts. */
function breakLine(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const space = line.lastIndexOf(' ', columns);
  if (space > 0) return [line.slice(0, space), ...breakLine(line.slice(space + 1), columns)];
  const parts = Math.ceil(line.length / columns);
  const length = Math.ceil(line.length / parts);
  return [line.slice(0, length), ...breakLine(line.slice(length), columns)];
}

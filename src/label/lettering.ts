/** Outlines of the characters of OCR-B, one em being 1,000 units, y downwards from the baseline. */
export interface Lettering {
  /** From one character to the next, in em: all are equally wide. */
  readonly advance: number;
  /** SVG path data (M, L, Q and Z, absolute), empty for a space; undefined for a character that the font lacks. */
  outline(character: string): string | undefined;
}

const EM = 1000;

/** Opens the font that comes with the library of codes. */
export async function openLettering(): Promise<Lettering> {
  const { drawingSVG } = await import('./symbols.ts');
  const font = { name: 'OCR-B', width: EM, height: EM, dx: 0 };
  const known = new Map<string, string | undefined>();
  const outline = (character: string): string | undefined => {
    const drawing = drawingSVG();
    drawing.setopts?.({
      ...{ bcid: 'raw', text: character },
      ...{ paddingleft: 0, paddingright: 0, paddingtop: 0, paddingbottom: 0 },
    });
    drawing.init(EM, EM);
    drawing.text(0, 0, character, '000000', font);
    return / d="([^"]+)"/.exec(drawing.end())?.[1];
  };
  const measure = (text: string): number => {
    const drawing = drawingSVG();
    return drawing.measure(text, font.name, EM, EM).width;
  };
  return {
    advance: (measure('HH') - measure('H')) / EM,
    outline: (character) => {
      if (character === ' ') return '';
      if (!known.has(character)) known.set(character, outline(character));
      return known.get(character);
    },
  };
}

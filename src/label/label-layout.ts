import { KeylineError } from '../kernel/errors.ts';
import { fitText } from './label-text.ts';
import type { FittedText } from './label-text.ts';
import type { CodeMatrix } from './code-matrix.ts';

/** The label's measures. */
export interface LabelSize {
  readonly widthMm: number;
  readonly heightMm: number;
  /** Dots per inch of the printer. */
  readonly dpi: number;
}

/** Where everything stands on a label, in whole dots from its upper left corner. */
export interface LabelLayout {
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly code: {
    readonly matrix: CodeMatrix;
    /** Of the first module, the quiet zone outside of it. */
    readonly x: number;
    readonly y: number;
    /** Dots on a side of a module. */
    readonly module: number;
  };
  readonly text: (FittedText & { readonly x: number; readonly y: number }) | undefined;
}

const MM_PER_INCH = 25.4;
const MARGIN_MM = 1;
/** ISO/IEC 15415 leaves it to the application; phones and handheld scanners read this. */
const LEAST_MODULE_MM = 0.25;
const LEAST_MODULE_DOTS = 2;

/**
 * The code at the left (at the top of a label that is not broad), as great as whole dots allow, and the
 * text beside it. Throws `label-unprintable` for a label on which they find no room.
 */
export function layOut(
  size: LabelSize,
  matrix: CodeMatrix,
  text: { readonly lines: readonly string[]; readonly advance: number },
): LabelLayout {
  const dotsPerMm = size.dpi / MM_PER_INCH;
  const width = Math.round(size.widthMm * dotsPerMm);
  const height = Math.round(size.heightMm * dotsPerMm);
  const hasText = text.lines.length > 0;
  const isBroad = width >= 1.3 * height;
  const side = Math.min(
    isBroad && hasText ? 0.6 * width : width,
    isBroad || !hasText ? height : 0.7 * height,
  );
  const modules = matrix.size + 2 * matrix.quiet;
  const module = Math.floor(side / modules);
  if (module < LEAST_MODULE_DOTS || module / dotsPerMm < LEAST_MODULE_MM) {
    const needed = Math.max(LEAST_MODULE_DOTS / dotsPerMm, LEAST_MODULE_MM) * modules;
    throw unprintable(
      `the code needs ${needed.toFixed(1)} mm and a label of ${measures(size)} leaves it ${(side / dotsPerMm).toFixed(1)} mm`,
    );
  }
  const box = module * modules;
  const inset = module * matrix.quiet;
  const x = isBroad && hasText ? 0 : Math.floor((width - box) / 2);
  const y = isBroad || !hasText ? Math.floor((height - box) / 2) : 0;
  const code = { matrix, x: x + inset, y: y + inset, module };
  if (!hasText) return { width, height, dpi: size.dpi, code, text: undefined };
  const margin = Math.round(MARGIN_MM * dotsPerMm);
  const left = isBroad ? Math.max(box, inset + margin) : margin;
  const top = isBroad ? margin : Math.max(box, inset + margin);
  const room = { width: width - left - margin, height: height - top - margin };
  const fitted = fitText(text.lines, { ...room, dotsPerMm, advance: text.advance });
  if (!fitted) {
    throw unprintable(`a label of ${measures(size)} has no room for its text beside the code`);
  }
  const used = fitted.pitch * fitted.lines.length;
  const textTop = isBroad ? top + Math.floor((room.height - used) / 2) : top;
  return { width, height, dpi: size.dpi, code, text: { ...fitted, x: left, y: textTop } };
}

function measures({ widthMm, heightMm, dpi }: LabelSize): string {
  return `${widthMm} × ${heightMm} mm at ${dpi} dpi`;
}

function unprintable(message: string): KeylineError {
  return new KeylineError('label-unprintable', { message });
}

import { KeylineError } from '../kernel/errors.ts';
import type { LabelLayout } from './label-layout.ts';
import type { Lettering } from './lettering.ts';
import { Raster } from './raster.ts';

/** The code alone, its first module at the corner. */
export function codeRaster({ code: { matrix, module } }: LabelLayout): Raster {
  const raster = new Raster(matrix.size * module, matrix.size * module);
  drawCode(raster, { matrix, module, x: 0, y: 0 });
  return raster;
}

/** The whole label in dots. Throws `label-unprintable` for a character that the font lacks. */
export function labelRaster(layout: LabelLayout, lettering: Lettering): Raster {
  const raster = new Raster(layout.width, layout.height);
  drawCode(raster, layout.code);
  const { text } = layout;
  for (const [at, line] of (text?.lines ?? []).entries()) {
    if (!text) break;
    const y = text.y + at * text.pitch + 0.8 * text.height;
    for (const [place, character] of [...line].entries()) {
      const outline = lettering.outline(character);
      if (outline === undefined) throw lacking(character);
      const x = text.x + place * lettering.advance * text.height;
      raster.fill(outline, { x, y, scale: text.height / 1000 });
    }
  }
  return raster;
}

function drawCode(raster: Raster, code: LabelLayout['code']): void {
  const { matrix, x, y, module } = code;
  for (let row = 0; row < matrix.size * module; row++) {
    for (let column = 0; column < matrix.size; column++) {
      if (!matrix.isDark(column, Math.floor(row / module))) continue;
      raster.run(y + row, x + column * module, x + (column + 1) * module);
    }
  }
}

function lacking(character: string): KeylineError {
  return new KeylineError('label-unprintable', {
    message: `the font of PNG labels has no ${JSON.stringify(character)}`,
    hint: 'Print as SVG or ZPL, or leave the character out of the template.',
  });
}

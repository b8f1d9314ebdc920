import type { LabelLayout } from './label-layout.ts';
import type { Lettering } from './lettering.ts';

/**
 * The label as SVG of its size in mm. Text is drawn as outlines, so that it prints alike everywhere; a
 * line with a character that the outlines lack is left to the fonts of whoever shows it.
 */
export function labelSvg(layout: LabelLayout, lettering: Lettering): string {
  const { width, height, dpi } = layout;
  const mm = (dots: number): string => ((dots * 25.4) / dpi).toFixed(2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${mm(width)}mm" height="${mm(height)}mm" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<path fill="#000" shape-rendering="crispEdges" d="${codePath(layout)}"/>`,
    ...textLines(layout, lettering),
    '</svg>',
    '',
  ].join('\n');
}

/** A rectangle for each run of dark modules. */
function codePath({ code: { matrix, x, y, module } }: LabelLayout): string {
  let path = '';
  for (let row = 0; row < matrix.size; row++) {
    for (let column = 0; column < matrix.size; column++) {
      if (!matrix.isDark(column, row)) continue;
      const from = column;
      while (column + 1 < matrix.size && matrix.isDark(column + 1, row)) column++;
      const length = (column - from + 1) * module;
      path += `M${x + from * module} ${y + row * module}h${length}v${module}h-${length}z`;
    }
  }
  return path;
}

function textLines({ text }: LabelLayout, lettering: Lettering): string[] {
  if (!text) return [];
  const em = text.height / 1000;
  return text.lines.map((line, at) => {
    const characters = [...line];
    const baseline = (text.y + at * text.pitch + 0.8 * text.height).toFixed(2);
    const outlines = characters.map((character) => lettering.outline(character));
    if (outlines.includes(undefined)) {
      const size = text.height.toFixed(2);
      return `<text x="${text.x}" y="${baseline}" font-family="monospace" font-size="${size}">${escapeXml(line)}</text>`;
    }
    const glyphs = outlines.map((outline, place) =>
      outline === ''
        ? ''
        : `<path transform="translate(${Math.round(place * lettering.advance * 1000)})" d="${outline ?? ''}"/>`,
    );
    return `<g transform="translate(${text.x} ${baseline}) scale(${em.toFixed(5)})">${glyphs.join('')}</g>`;
  });
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

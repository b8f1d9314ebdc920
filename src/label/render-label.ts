import { utf8 } from '../kernel/bytes.ts';
import { makeCode } from './code-matrix.ts';
import type { CodeKind } from './code-matrix.ts';
import { layOut } from './label-layout.ts';
import type { LabelSize } from './label-layout.ts';
import { labelPng } from './label-png.ts';
import { labelRaster } from './label-raster.ts';
import { labelSvg } from './label-svg.ts';
import { labelZpl } from './label-zpl.ts';
import { openLettering } from './lettering.ts';

/** How a label is written. */
export const LABEL_FORMATS = ['svg', 'png', 'zpl'] as const;
export type LabelFormat = (typeof LABEL_FORMATS)[number];

/** How all labels of a print look. */
export interface LabelStyle extends LabelSize {
  readonly code: CodeKind;
  readonly format: LabelFormat;
}

/** What one label bears. */
export interface LabelContent {
  /** What the code says. */
  readonly code: string;
  /** Beside it. */
  readonly lines: readonly string[];
  /** Never a secret; for a comment in ZPL. */
  readonly remark: string;
}

/** Makes the bytes of one label. Throws `label-unprintable`. */
export type LabelRenderer = (content: LabelContent) => Promise<Uint8Array>;

/** Opens the font once for all labels of a print. */
export async function openLabelRenderer(style: LabelStyle): Promise<LabelRenderer> {
  const lettering = await openLettering();
  const { advance } = lettering;
  return async ({ code, lines, remark }) => {
    const layout = layOut(style, await makeCode(style.code, code), { lines, advance });
    switch (style.format) {
      case 'svg':
        return utf8(labelSvg(layout, lettering));
      case 'png':
        return labelPng(labelRaster(layout, lettering), style.dpi);
      case 'zpl':
        return utf8(labelZpl(layout, remark));
    }
  };
}

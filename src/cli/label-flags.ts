import { readFile, stat } from 'node:fs/promises';
import { Flags } from '@oclif/core';
import { KeylineError } from '../kernel/errors.ts';
import { unreadable } from '../kernel/unreadable.ts';
import { LABEL_CONTENTS } from '../job/label-maker.ts';
import type { LabelChoices } from '../job/label-maker.ts';
import { CODE_KINDS } from '../label/code-matrix.ts';
import { LABEL_FORMATS } from '../label/render-label.ts';
import type { LabelFormat } from '../label/render-label.ts';
import { countFlag } from './flags.ts';

/** Width and height of a label. */
export interface SizeMm {
  readonly widthMm: number;
  readonly heightMm: number;
}

/** How labels look: `label print`, and a run that prints. */
export const labelFlags = {
  format: Flags.option({ options: LABEL_FORMATS, summary: 'Unless the file’s ending says it.' })(),
  code: Flags.option({
    options: CODE_KINDS,
    default: 'qr' as const,
    summary: 'The code on the label.',
  })(),
  content: Flags.option({
    options: LABEL_CONTENTS,
    default: 'serial' as const,
    summary: 'What the code says without a claim.',
  })(),
  'with-claim': Flags.boolean({
    summary: 'The code says the claim URL, a secret until it is used up.',
  }),
  template: Flags.string({
    helpValue: 'FILE',
    summary: 'The text: {serial}, {endpointKey}, {model}, {index}, {lot}, {attribute.NAME} …',
  }),
  size: Flags.custom<SizeMm>({
    helpValue: 'WxH',
    summary: 'In mm.',
    default: { widthMm: 50, heightMm: 25 },
    defaultHelp: () => Promise.resolve('50x25'),
    parse: (input) => Promise.resolve(parseSize(input)),
  })(),
  dpi: countFlag({ default: 203, min: 100, max: 2400, summary: 'Dots per inch of the printer.' }),
};

/** What those flags gave. */
export interface LabelFlagValues {
  readonly code: LabelChoices['style']['code'];
  readonly content: LabelChoices['content'];
  readonly 'with-claim': boolean;
  readonly template?: string | undefined;
  readonly size: SizeMm;
  readonly dpi: number;
}

const LONGEST_TEMPLATE_BYTES = 8192;

/** The choices that the flags make, the template read. Throws `not-found`, `usage`. */
export async function labelChoices(
  flags: LabelFlagValues,
  format: LabelFormat,
): Promise<LabelChoices> {
  const { code, content, size, dpi, template: path } = flags;
  const template = path === undefined ? undefined : await readTemplate(path);
  const style = { code, format, ...size, dpi };
  return { style, template, content, withClaim: flags['with-claim'] };
}

async function readTemplate(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= LONGEST_TEMPLATE_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new KeylineError('usage', { message: `${path} is too large for a label’s template` });
}

function parseSize(text: string): SizeMm {
  const [, width, height] = /^(\d{1,3}(?:\.\d{1,2})?)x(\d{1,3}(?:\.\d{1,2})?)$/i.exec(text) ?? [];
  const size = { widthMm: Number(width), heightMm: Number(height) };
  const isSize = [size.widthMm, size.heightMm].every((side) => side >= 5 && side <= 300);
  if (isSize) return size;
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} is no size of a label`,
    hint: 'A size is width and height in mm, 5 to 300 each, such as 50x25.',
  });
}

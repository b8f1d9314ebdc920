import { Flags } from '@oclif/core';
import type { AllocationBook } from '../home/allocation-book.ts';
import { formatFor, parseLabelTarget } from '../job/label-outlet.ts';
import type { PassLabels } from '../job/pass-label.ts';
import type { ProvisionRun } from '../job/provision-run.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { LabelFormat } from '../label/render-label.ts';
import { labelChoices, labelFlags } from './label-flags.ts';
import type { LabelFlagValues } from './label-flags.ts';

/** What a run does with each unit that was verified, and what is scanned of it. */
export const passFlags = {
  scan: Flags.option({
    options: ['before', 'label'] as const,
    multiple: true,
    summary: 'Have each board’s barcode scanned before, or its printed label after.',
  })(),
  scanner: Flags.string({
    helpValue: 'ADDRESS',
    dependsOn: ['scan'],
    summary: 'serial:PATH of the scanner; standard input unless given.',
  }),
  'on-pass': Flags.option({
    options: ['label'] as const,
    dependsOn: ['label-printer'],
    summary: 'Print the label of each unit that was verified.',
  })(),
  'label-printer': Flags.string({
    helpValue: 'tcp://HOST[:9100]|FOLDER/',
    dependsOn: ['on-pass'],
    summary: 'Where those labels go.',
  }),
  ...labelFlags,
};

/** What those flags gave. */
export interface PassFlagValues extends LabelFlagValues {
  readonly scan?: readonly ('before' | 'label')[] | undefined;
  readonly scanner?: string | undefined;
  readonly 'label-printer'?: string | undefined;
  readonly format?: LabelFormat | undefined;
}

/** The labels that a run prints, where it is to. Throws `usage`, and what a template and a lot may lack. */
export async function passLabels(
  flags: PassFlagValues,
  run: ProvisionRun,
  book: AllocationBook,
): Promise<PassLabels | undefined> {
  const printer = flags['label-printer'];
  if (printer === undefined) return undefined;
  const target = await parseLabelTarget(printer);
  if (target.kind === 'file') {
    throw new KeylineError('usage', {
      message: `${JSON.stringify(printer)} is neither a printer nor a folder`,
      hint: 'A printer is tcp://HOST:9100; the name of a new folder ends in /.',
    });
  }
  const choices = await labelChoices(flags, formatFor(target, flags.format));
  const inBook = (await book.entries()).filter(({ purpose }) => purpose === 'label');
  const { openPassLabels } = await import('../job/pass-label.ts');
  const { open, ledger } = run;
  return await openPassLabels({ open, ledger, inBook }, { ...choices, target });
}

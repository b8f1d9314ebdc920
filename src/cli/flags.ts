import { Flags } from '@oclif/core';
import { KeylineError } from '../kernel/errors.ts';
import { parseDate } from '../model/dates.ts';
import type { Range } from '../model/range.ts';

/** `-o FILE` and `--force`. */
export const outputFlags = {
  output: Flags.string({ char: 'o', helpValue: 'FILE', summary: 'Write to FILE; - is stdout.' }),
  force: Flags.boolean({ summary: 'Replace an output file that exists.' }),
};

/** Help for a list that is empty unless given: oclif would print `[default: ]`. */
export const noDefaultHelp = (): Promise<string | undefined> => Promise.resolve(undefined);

/** `--recipient age1…`, once or more. */
export const recipientFlag = (summary: string) =>
  Flags.string({
    helpValue: 'age1…',
    multiple: true,
    default: [],
    defaultHelp: noDefaultHelp,
    summary,
  });

/** `--yes`, for commands that ask. */
export const yesFlag = Flags.boolean({ char: 'y', summary: 'Do not ask.' });

/** `--ledger PATH`, instead of the ledger of this home. */
export const ledgerFlag = Flags.custom({
  helpValue: 'PATH',
  summary: 'A ledger other than that of this home.',
});

/** `--ledger FILE`, once or more: ledgers that are read beside that of this home. */
export const ledgersFlag = (
  summary = 'A ledger or an export beside this home’s; repeat for more.',
) =>
  Flags.string({
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: noDefaultHelp,
    summary,
  });

/** A flag that takes a day or a second in UTC; of a day the first or the last second is meant. */
export const timeFlag = (day: Parameters<typeof parseDate>[1], summary: string) =>
  Flags.custom({
    helpValue: 'DATE',
    summary,
    parse: (input) => Promise.resolve(parseDate(input, day)),
  })();

/** `--range A-B`: first and last index, both included. */
export const rangeFlag = Flags.custom<Range>({
  helpValue: 'A-B',
  summary: 'Only the units A to B, both included.',
  parse: (input) => Promise.resolve(parseRange(input)),
});

/** A whole number of a flag's value, for `Flags.custom`. Throws `usage`. */
export const countFlag = Flags.custom<number, { min?: number; max?: number }>({
  helpValue: 'N',
  parse: (input, _context, options) => {
    const { min = 1, max = Number.MAX_SAFE_INTEGER } = options;
    const value = /^\d{1,15}$/.test(input) ? Number(input) : Number.NaN;
    if (value >= min && value <= max) return Promise.resolve(value);
    throw new KeylineError('usage', {
      message: `${JSON.stringify(input)} is not a whole number from ${min} to ${max}`,
    });
  },
});

/** The range `A-B`, or `A` for a single unit. Throws `usage`. */
export function parseRange(text: string): Range {
  const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text);
  const from = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? from);
  if (Number.isNaN(from) || last < from) {
    throw new KeylineError('usage', {
      message: `${JSON.stringify(text)} is not a range of unit indexes`,
      hint: 'A range is its first and last index, such as 0-49999.',
    });
  }
  return { from, count: last - from + 1 };
}

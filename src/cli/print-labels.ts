import { formatFor, parseLabelTarget } from '../job/label-outlet.ts';
import { findLot, openLot } from '../job/open-lot.ts';
import type { PrintedLabels } from '../job/print-labels.ts';
import { protectedFiles } from '../job/protected-files.ts';
import { findUnit, parseUnit } from '../job/show-unit.ts';
import type { UnitName } from '../job/show-unit.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { LabelFormat } from '../label/render-label.ts';
import type { Range } from '../model/range.ts';
import { labelChoices } from './label-flags.ts';
import type { LabelFlagValues } from './label-flags.ts';
import { grouped } from './progress.ts';
import type { LineCommand } from './run-bench.ts';
import { facts } from './table.ts';

interface PrintFlagValues extends LabelFlagValues {
  readonly by?: UnitName | undefined;
  readonly range?: Range | undefined;
  readonly output: string;
  readonly format?: LabelFormat | undefined;
  readonly reprint?: string | undefined;
  readonly force: boolean;
}

/** Prints what `label print` was asked for and says what it did. */
export async function printForCommand(
  command: LineCommand & { jsonEnabled(): boolean },
  args: { readonly lot: string; readonly unit?: string | undefined },
  given: { readonly flags: PrintFlagValues; readonly credentials: Credentials },
): Promise<PrintedLabels> {
  const { flags, credentials } = given;
  const { output, force, reprint } = flags;
  if ((args.unit === undefined) === (flags.range === undefined)) {
    throw new KeylineError('usage', { message: 'name one UNIT, or a --range of them' });
  }
  if (output === '-' && command.jsonEnabled()) {
    throw new KeylineError('usage', {
      message: 'standard output cannot hold both the label and --json',
      hint: 'Print to a file with -o FILE.',
    });
  }
  const target = await parseLabelTarget(output);
  const choices = await labelChoices(flags, formatFor(target, flags.format));
  const stored = await findLot(command.home, args.lot);
  const reference =
    args.unit === undefined ? undefined : parseUnit(stored.lot, args.unit, flags.by);
  await using open = await openLot(command.home, stored, credentials);
  for (const text of open.warnings) command.warning(text);
  const { signal } = command;
  const unit = reference && { from: await findUnit(open, reference, signal), count: 1 };
  const range = unit ?? flags.range ?? { from: 0, count: 0 };
  const { printLabels } = await import('../job/print-labels.ts');
  const printed = await printLabels(
    command.home,
    open,
    { ...choices, range, target, output, force, reprint },
    {
      ...{ credentials, signal, toolVersion: command.config.version },
      inputs: protectedFiles(command.home, credentials),
    },
  );
  if (output !== '-') command.print(describePrinted(printed));
  return printed;
}

function describePrinted({ labels, format, output, record }: PrintedLabels): string {
  return facts([
    ['labels', `${grouped(labels)}, ${format.toUpperCase()}`],
    ['in', output],
    ['on record in', `the ${record}`],
  ]);
}

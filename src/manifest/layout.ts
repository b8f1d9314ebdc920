import { builtColumnOf, builtLabel, isBuiltColumn } from '../model/built-columns.ts';
import type { BuiltColumn, BuiltPlan } from '../model/built-columns.ts';
import { COLUMNS, COLUMN_NAMES, isColumnName } from '../model/columns.ts';
import type { ColumnChoice, ColumnName, Format } from '../model/columns.ts';
import type { Scheme } from '../model/lot.ts';
import type { RowFormat } from '../model/row-template.ts';
import type { IssueList } from './issue.ts';
import { inferFormat } from './value-formats.ts';

/** A column as it stands in a file. */
export interface Slot {
  /** The place among a row's fields. */
  readonly at: number;
  /** The name in the file: NDJSON has its own. */
  readonly label: string;
  readonly name: ColumnName;
  /** From the seal, else found with the first value that fits. */
  format: Format | undefined;
}

/** A column of an as-built manifest that no key derives. */
export interface BuiltSlot {
  readonly at: number;
  readonly label: string;
  readonly name: BuiltColumn;
}

/** What every row of a file must look like. */
export interface Layout {
  readonly format: RowFormat;
  /** Every name in the file's order, also those that keyline does not know. */
  readonly labels: readonly string[];
  /** The columns that are derived. */
  readonly slots: readonly Slot[];
  /** The columns that ledgers know; there are some in an as-built manifest alone. */
  readonly built: readonly BuiltSlot[];
}

/**
 * The layout that the names in a file give, with what is wrong with them as issues. `sealed` are
 * the columns of a verified seal.
 */
export function layOut(
  labels: readonly string[],
  file: {
    readonly format: RowFormat;
    readonly sealed?: BuiltPlan | undefined;
    readonly scheme?: Scheme | undefined;
    readonly issues: IssueList;
  },
): Layout {
  const { format, sealed, scheme, issues } = file;
  const slots: Slot[] = [];
  const built: BuiltSlot[] = [];
  labels.forEach((label, at) => {
    const name = nameOf(label, format);
    const builtName = name ? undefined : builtColumnOf(label, format);
    const isRepeated = labels.indexOf(label) !== at;
    const problem = builtName && !isRepeated ? undefined : problemOf(name, isRepeated, scheme);
    if (problem) issues.add({ ...problem, line: 1, column: label });
    else if (name) slots.push({ at, label, name, format: formatOf(name, sealed?.derived) });
    else if (builtName) built.push({ at, label, name: builtName });
  });
  const expected = sealed && [
    ...sealed.derived.map((choice) => labelOf(choice.name, format)),
    ...sealed.built.map((name) => builtLabel(name, format)),
  ];
  if (expected && expected.join() !== labels.join()) {
    const message = `the columns are not those that were sealed: ${expected.join(', ')}`;
    issues.add({ code: 'wrong-columns', line: 1, message });
  }
  return { format, labels, slots, built };
}

/** True when a first row names at least one column, so that it is meant as a header. */
export function looksLikeHeader(fields: readonly string[]): boolean {
  return fields.some((field) => isColumnName(field) || isBuiltColumn(field));
}

/** The column's name in this kind of file. */
export function labelOf(name: ColumnName, format: RowFormat): string {
  return format === 'csv' ? name : COLUMNS[name].json;
}

/** The choices that a layout stands for, once each format is known; else undefined. */
export function choicesOf({ slots, labels, built }: Layout): ColumnChoice[] | undefined {
  if (slots.length + built.length !== labels.length) return undefined;
  const choices = slots.flatMap(({ name, format }) => (format ? [{ name, format }] : []));
  return choices.length === slots.length ? choices : undefined;
}

/** Finds the formats that no seal gave, each from this row's value. */
export function inferFormats({ slots }: Layout, fields: readonly string[]): void {
  for (const slot of slots) slot.format ??= inferFormat(slot.name, fields[slot.at] ?? '');
}

function nameOf(label: string, format: RowFormat): ColumnName | undefined {
  if (format === 'ndjson') return COLUMN_NAMES.find((name) => COLUMNS[name].json === label);
  return isColumnName(label) ? label : undefined;
}

function formatOf(
  name: ColumnName,
  sealed: readonly ColumnChoice[] | undefined,
): Format | undefined {
  const formats: readonly Format[] = COLUMNS[name].formats;
  return (
    sealed?.find((choice) => choice.name === name)?.format ??
    (formats.length === 1 ? formats[0] : undefined)
  );
}

function problemOf(
  name: ColumnName | undefined,
  isRepeated: boolean,
  scheme: Scheme | undefined,
): { code: 'repeated-column' | 'unknown-column'; message: string } | undefined {
  if (isRepeated) return { code: 'repeated-column', message: 'the column stands twice' };
  if (!name) return { code: 'unknown-column', message: 'a manifest has no such column' };
  const schemes: readonly Scheme[] = COLUMNS[name].schemes;
  if (scheme === undefined || schemes.includes(scheme)) return undefined;
  return { code: 'unknown-column', message: `scheme ${scheme} has no such column` };
}

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

/** What every row of a file must look like. */
export interface Layout {
  readonly format: RowFormat;
  /** Every name in the file's order, also those that keyline does not know. */
  readonly labels: readonly string[];
  /** The columns that are checked. */
  readonly slots: readonly Slot[];
}

/**
 * The layout that the names in a file give, with what is wrong with them as issues. `sealed` are
 * the columns of a verified seal.
 */
export function layOut(
  labels: readonly string[],
  file: {
    readonly format: RowFormat;
    readonly sealed?: readonly ColumnChoice[] | undefined;
    readonly scheme?: Scheme | undefined;
    readonly issues: IssueList;
  },
): Layout {
  const { format, sealed, scheme, issues } = file;
  const slots: Slot[] = [];
  labels.forEach((label, at) => {
    const name = nameOf(label, format);
    const problem = problemOf(name, labels.indexOf(label) !== at, scheme);
    if (problem) issues.add({ ...problem, line: 1, column: label });
    else if (name) slots.push({ at, label, name, format: formatOf(name, sealed) });
  });
  const expected = sealed?.map((choice) => labelOf(choice.name, format));
  if (expected && expected.join() !== labels.join()) {
    const message = `the columns are not those that were sealed: ${expected.join(', ')}`;
    issues.add({ code: 'wrong-columns', line: 1, message });
  }
  return { format, labels, slots };
}

/** True when a first row names at least one column, so that it is meant as a header. */
export function looksLikeHeader(fields: readonly string[]): boolean {
  return fields.some((field) => isColumnName(field));
}

/** The column's name in this kind of file. */
export function labelOf(name: ColumnName, format: RowFormat): string {
  return format === 'csv' ? name : COLUMNS[name].json;
}

/** The choices that a layout stands for, once each format is known; else undefined. */
export function choicesOf({ slots, labels }: Layout): ColumnChoice[] | undefined {
  if (slots.length !== labels.length) return undefined;
  const choices = slots.flatMap(({ name, format }) => (format ? [{ name, format }] : []));
  return choices.length === labels.length ? choices : undefined;
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

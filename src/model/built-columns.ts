import { KeylineError } from '../kernel/errors.ts';
import { COLUMNS, formatColumn, isColumnName, parseColumns, usualColumns } from './columns.ts';
import type { ColumnChoice } from './columns.ts';
import type { Lot, Scheme } from './lot.ts';
import type { RowFormat } from './row-template.ts';
import type { UnitRecord } from './unit-record.ts';

/** Columns that only an as-built manifest has, with their names in NDJSON: what a ledger knows of a unit. */
const BUILT = { hardware_id: 'hardwareId', verified_at: 'verifiedAt', station: 'station' } as const;

/** What a profile captured is a column `capture.NAME`, in CSV and in NDJSON. */
const CAPTURE = 'capture.';
const CAPTURE_NAME = /^capture\.[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

export type BuiltColumn = keyof typeof BUILT | `capture.${string}`;

/** The columns of an as-built manifest: first those that are derived, then those that the ledger knows. */
export interface BuiltPlan {
  readonly format: RowFormat;
  readonly derived: readonly ColumnChoice[];
  readonly built: readonly BuiltColumn[];
}

/** True for a column that only an as-built manifest has, by its name in CSV. */
export function isBuiltColumn(name: string): name is BuiltColumn {
  return Object.hasOwn(BUILT, name) || CAPTURE_NAME.test(name);
}

/** The column's name in this kind of file. */
export function builtLabel(name: BuiltColumn, format: RowFormat): string {
  return format === 'ndjson' && isKnown(name) ? BUILT[name] : name;
}

/** The column that has this name in this kind of file, or undefined. */
export function builtColumnOf(label: string, format: RowFormat): BuiltColumn | undefined {
  if (CAPTURE_NAME.test(label)) return label as BuiltColumn;
  return (Object.keys(BUILT) as (keyof typeof BUILT)[]).find(
    (name) => builtLabel(name, format) === label,
  );
}

/** The names of what was captured, as columns. */
export function captureColumns(names: Iterable<string>): BuiltColumn[] {
  return [...names].sort().map((name): BuiltColumn => `${CAPTURE}${name}`);
}

/** Public derived columns, everything that a ledger knows, and these captures. */
export function usualBuiltPlan(
  lot: Lot,
  format: RowFormat,
  captures: readonly BuiltColumn[],
): BuiltPlan {
  const derived = usualColumns(lot.scheme, { model: lot.model !== undefined, secrets: false });
  return { format, derived, built: [...(Object.keys(BUILT) as BuiltColumn[]), ...captures] };
}

/**
 * Parses columns as people name them and seals have them. Throws `invalid-columns` for one that is not
 * there, stands twice, or is derived and stands after one that is not.
 */
export function parseBuiltPlan(
  texts: readonly string[],
  format: RowFormat,
  scheme?: Scheme,
): BuiltPlan {
  const at = texts.findIndex(isBuiltColumn);
  const derived = parseColumns(at < 0 ? texts : texts.slice(0, at), scheme);
  const built = at < 0 ? [] : texts.slice(at);
  const repeated = built.find((name, place) => built.indexOf(name) !== place);
  if (repeated !== undefined) throw invalid(`column ${repeated} is named twice`);
  const late = built.find((name) => !isBuiltColumn(name));
  if (late === undefined) return { format, derived, built: built.filter(isBuiltColumn) };
  const [name = ''] = late.split(':', 1);
  if (!isColumnName(name)) throw invalid(`there is no column ${JSON.stringify(name)}`);
  throw invalid(`${name} stands after ${texts[at] ?? ''}: columns that are derived come first`);
}

/** The columns as they stand in a seal and in `--columns`. */
export function formatBuiltPlan({ derived, built }: BuiltPlan): string[] {
  return [...derived.map(formatColumn), ...built];
}

/** A CSV's first line; '' for NDJSON. */
export function builtHeader({ format, derived, built }: BuiltPlan): string {
  if (format === 'ndjson') return '';
  return `${[...derived.map(({ name }) => name), ...built].join(',')}\n`;
}

/**
 * A whole row with its line end: the derived one, without its line feed, and what the ledger knows. A
 * capture that the unit does not have is empty; nothing else ever is.
 */
export function builtRow({ format, built }: BuiltPlan, derived: string, unit: UnitRecord): string {
  let row = format === 'csv' ? derived : derived.slice(0, -1);
  for (const name of built) {
    const value = builtValue(name, unit);
    row +=
      format === 'csv'
        ? `,${csvValue(value)}`
        : `,"${builtLabel(name, format)}":${JSON.stringify(value)}`;
  }
  return format === 'csv' ? `${row}\n` : `${row}}\n`;
}

/** What every row of a derived unit begins with in an as-built manifest. */
export function builtPrefix({ format, built }: BuiltPlan, derived: string): string {
  if (built.length === 0) return derived;
  return format === 'csv' ? `${derived},` : `${derived.slice(0, -1)},`;
}

function builtValue(name: BuiltColumn, unit: UnitRecord): string {
  switch (name) {
    case 'hardware_id':
      return unit.hardwareId;
    case 'verified_at':
      return unit.verifiedAt ?? '';
    case 'station':
      return unit.station;
    default:
      return unit.captures?.[name.slice(CAPTURE.length)] ?? '';
  }
}

/** As csv-stringify writes it (RFC 4180 section 2); a ledger's texts have no line ends. */
function csvValue(value: string): string {
  return /[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function isKnown(name: BuiltColumn): name is keyof typeof BUILT {
  return Object.hasOwn(BUILT, name);
}

function invalid(message: string): KeylineError {
  const known = [...Object.keys(COLUMNS), ...Object.keys(BUILT), 'capture.NAME'];
  return new KeylineError('invalid-columns', { message, facts: { known } });
}

import { basename } from 'node:path';
import { KeylineError } from '../kernel/errors.ts';
import { textLines } from '../kernel/text-lines.ts';
import { unreadable } from '../kernel/unreadable.ts';
import { importDefective } from '../ledger/imported-rows.ts';
import type { ImportedRow } from '../ledger/ledger.ts';
import { parseCsvRow } from '../manifest/csv-row.ts';
import { serialIndex } from '../model/serial-template.ts';
import type { Lot } from '../model/lot.ts';

/** Which column of the log is what; every other name is a capture. */
export interface LogMap {
  readonly serial: string;
  readonly result: string;
  readonly hardwareId: string;
  readonly captures: Readonly<Record<string, string>>;
}

/** How a log's rows become units. */
export interface LogReading {
  readonly lot: Lot;
  readonly map: LogMap;
  readonly reference: string;
  /** What `result` says of a board that passed, and of one that failed; letter case does not matter. */
  readonly pass: readonly string[];
  readonly fail: readonly string[];
}

const NAMES = ['serial', 'result', 'hardwareId'] as const;
const DEFECTS_LOOKED_FOR = 1000;

/** The map in `serial=SN,result=RES,hardwareId=MAC,imei=IMEI`. Throws `usage`. */
export function parseLogMap(text: string): LogMap {
  const columns = new Map<string, string>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    const column = part.slice(at + 1).trim();
    const isName = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(name);
    if (at < 1 || !isName || column === '')
      throw badMap(`${JSON.stringify(part)} is not NAME=COLUMN`);
    if (columns.has(name)) throw badMap(`${name} is there twice`);
    columns.set(name, column);
  }
  const [serial, result, hardwareId] = NAMES.map((name) => {
    const column = columns.get(name);
    columns.delete(name);
    if (column === undefined) throw badMap(`${name} is missing`);
    return column;
  });
  if (serial === undefined || result === undefined || hardwareId === undefined) {
    throw badMap('a column is missing');
  }
  return { serial, result, hardwareId, captures: Object.fromEntries(columns) };
}

/**
 * The boards of a CSV log with a header line, in its order. Throws `not-found`, and `import-defective`
 * with every line that cannot be read; nothing but the serial template says which unit is meant.
 */
export async function readBoardLog(path: string, reading: LogReading): Promise<ImportedRow[]> {
  const name = basename(path);
  const rows: ImportedRow[] = [];
  const defects: string[] = [];
  let header: LogHeader | undefined;
  let line = 0;
  for await (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === '') continue;
    try {
      if (header)
        rows.push(parseBoard(text, header, { ...reading, place: `${name} line ${line}` }));
      else header = parseHeader(text.replace(/^\uFEFF/, ''), reading.map);
    } catch (error) {
      if (!(error instanceof LogDefect)) throw error;
      defects.push(`${name} line ${line}: ${error.message}`);
      if (!header || defects.length === DEFECTS_LOOKED_FOR) break;
    }
  }
  if (!header && defects.length === 0) defects.push(`${name}: it is empty`);
  if (defects.length > 0) throw importDefective(defects, line);
  return rows;
}

/** Something that a line of the log should not say; it becomes a row of `import-defective`. */
class LogDefect extends Error {}

interface LogHeader {
  readonly width: number;
  /** Name of the map → place in a row. */
  readonly places: ReadonlyMap<string, number>;
}

function parseHeader(text: string, map: LogMap): LogHeader {
  const fields = fieldsOf(text).map((field) => field.trim());
  const wanted: [string, string][] = [
    ...NAMES.map((name): [string, string] => [name, map[name]]),
    ...Object.entries(map.captures),
  ];
  const places = new Map<string, number>();
  for (const [name, column] of wanted) {
    const at = fields.indexOf(column);
    if (at < 0) throw new LogDefect(`there is no column ${JSON.stringify(column)}`);
    if (fields.lastIndexOf(column) !== at) {
      throw new LogDefect(`column ${JSON.stringify(column)} is there twice`);
    }
    places.set(name, at);
  }
  return { width: fields.length, places };
}

function parseBoard(
  text: string,
  { width, places }: LogHeader,
  reading: LogReading & { readonly place: string },
): ImportedRow {
  const { lot, map, reference, place } = reading;
  const fields = fieldsOf(text);
  if (fields.length !== width) throw new LogDefect(`${fields.length} fields instead of ${width}`);
  const field = (name: string): string => fields[places.get(name) ?? width]?.trim() ?? '';
  const serial = field('serial');
  const index = serialIndex(lot, serial);
  if (index === undefined) {
    throw new LogDefect(`${shown(serial)} is no serial of lot ${lot.code}`);
  }
  const result = field('result');
  const says = (words: readonly string[]): boolean =>
    words.some((word) => word.toLowerCase() === result.toLowerCase());
  const passed = says(reading.pass);
  if (passed === says(reading.fail))
    throw new LogDefect(`${shown(result)} is neither pass nor fail`);
  const hardwareId = field('hardwareId');
  if (
    !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(hardwareId) ||
    hardwareId.length > 128 ||
    /^[-:.0]*$|^[-:.f]*$/i.test(hardwareId)
  ) {
    throw new LogDefect(`${shown(hardwareId)} is no hardware id`);
  }
  const captures = Object.keys(map.captures)
    .map((name) => [name, field(name)] as const)
    .filter(([, value]) => value !== '');
  return {
    ...{ lotId: lot.lotId, index, hardwareId, passed, reference },
    detail: `${place}: ${result}`,
    ...(captures.length > 0 && { captures: Object.fromEntries(captures) }),
  };
}

function fieldsOf(text: string): readonly string[] {
  const row = parseCsvRow(text);
  if ('fields' in row) return row.fields;
  throw new LogDefect(`the quotes of field ${row.badField + 1} do not fit`);
}

async function* linesOf(path: string): AsyncIterable<string> {
  try {
    yield* textLines(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}

function badMap(what: string): KeylineError {
  return new KeylineError('usage', {
    message: `--map cannot be read: ${what}`,
    hint: 'Name the log’s columns: --map serial=SN,result=RESULT,hardwareId=MAC; any further name is captured.',
  });
}

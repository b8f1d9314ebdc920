import { parseCsvRow } from './csv-row.ts';
import type { IssueList } from './issue.ts';
import { parseJsonRow } from './json-row.ts';
import type { Layout } from './layout.ts';
import type { RawRow } from './row-reader.ts';

const PROBLEMS = {
  'truncated-row': 'the file ends within this row, or its last line feed is missing',
  'unclosed-quote': 'a quoted value does not end',
  'row-too-long': 'the row is longer than 1 MiB',
  'not-utf8': 'the row is not UTF-8',
} as const;

/** Takes rows apart into fields. */
export class RowParser {
  readonly #issues: IssueList;
  #saidCrlf = false;

  /** `issues` gets what is said once for the whole file. */
  constructor(issues: IssueList) {
    this.#issues = issues;
  }

  /** The fields in the layout's order, as text; undefined, with issues, for a row that has none. */
  parse(raw: RawRow, layout: Layout, issues: IssueList): readonly string[] | undefined {
    const { line, problem } = raw;
    if (problem) {
      issues.add({ code: problem, line, message: PROBLEMS[problem] });
      return undefined;
    }
    const text = this.withoutReturn(raw.text, line);
    return layout.format === 'csv'
      ? csvFields({ line, text }, layout, issues)
      : jsonFields({ line, text }, layout, issues);
  }

  /** The row without a spreadsheet's carriage return, which is one defect of the file. */
  withoutReturn(text: string, line: number): string {
    if (!text.endsWith('\r')) return text;
    if (!this.#saidCrlf) {
      this.#saidCrlf = true;
      const message = 'lines end with a carriage return and a line feed';
      this.#issues.add({ code: 'crlf', line, message });
    }
    return text.slice(0, -1);
  }
}

type Line = Pick<RawRow, 'line' | 'text'>;

function csvFields(
  { line, text }: Line,
  { labels }: Layout,
  issues: IssueList,
): readonly string[] | undefined {
  const row = parseCsvRow(text);
  if ('badField' in row) {
    const column = labels[row.badField];
    const message = 'quotes do not stand around the whole value';
    issues.add({ code: 'unclosed-quote', line, message, ...(column !== undefined && { column }) });
    return undefined;
  }
  const { fields } = row;
  if (fields.length === labels.length) return fields;
  const message = `the row has ${fields.length} values where the header has ${labels.length}`;
  issues.add({ code: 'ragged-row', line, message });
  return undefined;
}

function jsonFields(
  { line, text }: Line,
  { labels }: Layout,
  issues: IssueList,
): readonly string[] | undefined {
  const row = parseJsonRow(text);
  if ('problem' in row) {
    const isRepeated = row.problem === 'repeated-column';
    const message = isRepeated ? 'the name stands twice' : 'the line is no JSON object';
    issues.add({ code: row.problem, line, message, ...(isRepeated && { column: row.name }) });
    return undefined;
  }
  if (row.names.join() !== labels.join()) {
    const message = `the object does not have the names ${labels.join(', ')} in this order`;
    issues.add({ code: 'ragged-row', line, message });
    return undefined;
  }
  const wrong = row.values.findIndex((value, at) => typeof value !== typeIn(labels[at]));
  if (wrong < 0) return row.values.map(String);
  const column = labels[wrong] ?? '';
  issues.add({ code: 'wrong-type', line, column, message: `the value is no ${typeIn(column)}` });
  return undefined;
}

function typeIn(label: string | undefined): 'number' | 'string' {
  return label === 'index' ? 'number' : 'string';
}

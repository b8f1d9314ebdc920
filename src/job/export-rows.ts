import { utf8 } from '../kernel/bytes.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import { csvField, csvText } from '../manifest/csv-field.ts';
import { openWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** A column of an export; under the same name the value stands in NDJSON, as it came. */
export interface ExportColumn<Row> {
  readonly name: string;
  readonly value: (row: Row) => string | number | boolean | undefined;
  /** Somebody else wrote it, so that it may look like a formula. */
  readonly isText?: boolean;
}

/** How rows are written. */
export interface ExportOptions<Row> {
  readonly format: 'csv' | 'ndjson';
  readonly columns: readonly ExportColumn<Row>[];
  /** Folders and files that the output may not replace. */
  readonly inputs?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (rows: number) => void;
}

/** What was written. */
export interface ExportedRows {
  readonly output: string;
  readonly format: 'csv' | 'ndjson';
  readonly rows: number;
}

/**
 * Writes rows as they come, page by page, in flat memory: as CSV with a header, or as NDJSON with every
 * member that the registry gave. Throws what the output and the pages throw.
 */
export async function exportRows<Row extends object>(
  pages: AsyncIterable<readonly Row[]>,
  output: WholeOutput,
  options: ExportOptions<Row>,
): Promise<ExportedRows> {
  const { format, columns, inputs = [], signal, onProgress = () => undefined } = options;
  await using file = await openWhole(output, { secret: false, inputs, signal });
  let rows = 0;
  if (format === 'csv') await file.write(utf8(`${columns.map(({ name }) => name).join(',')}\n`));
  for await (const page of pages) {
    throwIfAborted(signal);
    const lines = page.map((row) => (format === 'csv' ? csvLine(row, columns) : jsonLine(row)));
    if (lines.length > 0) await file.write(utf8(lines.join('')));
    rows += page.length;
    onProgress(rows);
  }
  await file.end();
  await file.sync();
  await file.commit();
  return { output: output.path, format, rows };
}

function csvLine<Row>(row: Row, columns: readonly ExportColumn<Row>[]): string {
  const fields = columns.map(({ value, isText = false }) => {
    const text = String(value(row) ?? '');
    return isText ? csvText(text) : csvField(text);
  });
  return `${fields.join(',')}\n`;
}

function jsonLine(row: object): string {
  return `${JSON.stringify(row)}\n`;
}

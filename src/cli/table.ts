/** One column of a table for people. */
export interface TableColumn<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number;
  /** Numbers stand to the right. */
  readonly align?: 'left' | 'right';
}

/** Rows under a line of titles, columns two spaces apart, no line feed at the end. */
export function table<Row>(rows: readonly Row[], columns: readonly TableColumn<Row>[]): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => String(column.value(row)))),
  ];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => layOut(line, columns, widths)).join('\n');
}

/** Names and values below each other, values aligned; entries without a value are left out. */
export function facts(
  entries: readonly (readonly [string, string | number | undefined])[],
): string {
  const known = entries.filter(([, value]) => value !== undefined);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value ?? ''}`).join('\n');
}

function layOut<Row>(
  line: readonly string[],
  columns: readonly TableColumn<Row>[],
  widths: readonly number[],
): string {
  return line
    .map((cell, at) => {
      const width = widths[at] ?? 0;
      return columns[at]?.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
    })
    .join('  ')
    .trimEnd();
}

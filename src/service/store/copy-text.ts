/** Rows as COPY takes them (PostgreSQL 15, COPY, "Text Format"). */
export function copyText(rows: readonly (readonly (string | number | null)[])[]): string {
  const lines = rows.map((row) => row.map(field).join('\t'));
  return `${lines.join('\n')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' },
};

function field(value: string | number | null): string | number {
  if (value === null) return '\\N';
  if (typeof value === 'number' || !/[\\\t\n\r]/.test(value)) return value;
  return value.replace(/[\\\t\n\r]/g, (c) => ESCAPES[c] ?? c);
}

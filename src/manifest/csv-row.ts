/** A CSV row's fields, or where its quotes do not fit RFC 4180. */
export type CsvRow = { readonly fields: readonly string[] } | { readonly badField: number };

/**
 * Fields of one CSV row without its line end (RFC 4180 section 2). `text` may hold line feeds in
 * quoted fields. A quote within an unquoted field, or text after a closing quote, is an error.
 */
export function parseCsvRow(text: string): CsvRow {
  if (!text.includes('"')) return { fields: text.split(',') };
  const fields: string[] = [];
  for (let at = 0; ;) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    if (!field) return { badField: fields.length };
    fields.push(field.value);
    if (field.end >= text.length) return { fields };
    at = field.end + 1;
  }
}

/** `end` is the place of the comma after the field, or the text's end. */
interface Field {
  readonly value: string;
  readonly end: number;
}

function plainField(text: string, start: number): Field | undefined {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const value = text.slice(start, end);
  return value.includes('"') ? undefined : { value, end };
}

function quotedField(text: string, start: number): Field | undefined {
  let close = start + 1;
  for (;;) {
    close = text.indexOf('"', close);
    if (close < 0) return undefined;
    if (text[close + 1] !== '"') break;
    close += 2;
  }
  const end = close + 1;
  if (end < text.length && text[end] !== ',') return undefined;
  return { value: text.slice(start + 1, close).replaceAll('""', '"'), end };
}

/** What a spreadsheet takes for the beginning of a formula; after apostrophes too, so that each is told apart. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** A field of RFC 4180 section 2, in quotes where it needs them. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A text that somebody else wrote, with an apostrophe before what a spreadsheet would run as a formula.
 * `textOfCsv` takes it off again.
 */
export function csvText(text: string): string {
  return csvField(FORMULA.test(text) ? `'${text}` : text);
}

/** The text that `csvText` was given, from the field's value. */
export function textOfCsv(value: string): string {
  return value.startsWith("'") && FORMULA.test(value.slice(1)) ? value.slice(1) : value;
}

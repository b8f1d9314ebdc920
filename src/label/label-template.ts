import { KeylineError } from '../kernel/errors.ts';

/** What a template can name; attributes of the lot as `attribute.NAME` besides. */
export const LABEL_PLACEHOLDERS = [
  'serial',
  'endpointKey',
  'index',
  'lot',
  'lotId',
  'model',
  'claimUrl',
  'claimCode',
] as const;

/** The values for a template's placeholders. */
export type LabelValues = Readonly<Record<string, string>>;

/** A label's text: parts of each line, a text as it is or the name of a value. */
export interface LabelTemplate {
  readonly lines: readonly (readonly TemplatePart[])[];
}
type TemplatePart = { readonly text: string } | { readonly name: string };

const MOST_LINES = 20;
const MOST_CHARACTERS = 200;

/**
 * Reads a template: `{name}` is the unit's value, `{{` and `}}` are braces. `known` says whether a name
 * has a value, or why it has none. Throws `label-template-invalid` with line and column.
 */
export function parseLabelTemplate(
  text: string,
  known: (name: string) => true | string,
): LabelTemplate {
  const rows = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (rows.length > MOST_LINES) {
    throw invalid({ line: MOST_LINES + 1, column: 1 }, `a label has at most ${MOST_LINES} lines`);
  }
  return { lines: rows.map((row, at) => parseLine(row, at + 1, known)) };
}

/** The lines with a unit's values in them. */
export function fillTemplate(template: LabelTemplate, values: LabelValues): string[] {
  return template.lines.map((parts) =>
    parts.map((part) => ('text' in part ? part.text : (values[part.name] ?? ''))).join(''),
  );
}

/** Whether any line names this value. */
export function namesValue(template: LabelTemplate, name: string): boolean {
  return template.lines.some((parts) => parts.some((part) => 'name' in part && part.name === name));
}

function parseLine(
  row: string,
  line: number,
  known: (name: string) => true | string,
): TemplatePart[] {
  const strange = row.search(/[\p{Cc}\p{Cs}\u2028\u2029\ufffd]/u);
  if (strange >= 0)
    throw invalid({ line, column: strange + 1 }, 'this is no character for a label');
  if (row.length > MOST_CHARACTERS) {
    throw invalid({ line, column: MOST_CHARACTERS + 1 }, 'the line is too long for a label');
  }
  const parts: TemplatePart[] = [];
  for (const match of row.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g)) {
    const [all, name] = match;
    const place = { line, column: match.index + 1 };
    if (name !== undefined) {
      const answer = known(name);
      if (answer !== true) throw invalid(place, answer);
      parts.push({ name });
    } else if (all === '{' || all === '}') {
      throw invalid(place, `this ${all} is alone; a brace as it is stands twice`);
    } else {
      parts.push({ text: all === '{{' ? '{' : all === '}}' ? '}' : all });
    }
  }
  return parts;
}

function invalid(
  { line, column }: { readonly line: number; readonly column: number },
  what: string,
): KeylineError {
  return new KeylineError('label-template-invalid', {
    message: `line ${line}, column ${column} of the label’s template: ${what}`,
    facts: { line, column },
  });
}

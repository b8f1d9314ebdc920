import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import type { FileIssue, ValuePath, YamlFile } from './yaml-file.ts';

/** Every place where the file does not fit the JSON Schema, in the order of the file. */
export function schemaIssues(file: YamlFile, schema: object): FileIssue[] {
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true });
  const validate = ajv.compile(schema);
  if (validate(file.value)) return [];
  const issues = (validate.errors ?? []).flatMap((error) => issueOf(file, error));
  const seen = new Set<string>();
  return sortIssues(issues).filter(({ line, column, message }) => {
    const key = `${line}:${column}:${message}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** By line, then by column. */
export function sortIssues(issues: readonly FileIssue[]): FileIssue[] {
  return [...issues].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The member of `names` that `text` is likely a misspelling of. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: editDistance(text.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, Math.floor(text.length / 3)) ? best.name : undefined;
}

function issueOf(file: YamlFile, error: ErrorObject): FileIssue[] {
  const path = pathOf(file.value, error.instancePath);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty']);
      const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
      const guess = nearest(name, known);
      const tail = guess ? `, did you mean ${guess}?` : `; known here: ${known.join(', ')}`;
      return [file.issueAt([...path, name], `there is no member ${name}${tail}`, { key: true })];
    }
    case 'required':
      return [file.issueAt(path, `${String(params['missingProperty'])} is missing`)];
    case 'anyOf':
      return 'const' in (firstOf(error.schema) ?? {}) ? [choiceIssue(file, path, error)] : [];
    case 'const':
      // One of several choices: the anyOf around it names them all.
      if (/\/anyOf\//.test(error.schemaPath)) return [];
      return [file.issueAt(path, `must be ${JSON.stringify(params['allowedValue'])}`)];
    case 'propertyNames':
      return [
        file.issueAt(
          [...path, String(params['propertyName'])],
          `${JSON.stringify(params['propertyName'])} cannot be a name here: lower-case letters, digits and _, a letter first`,
          { key: true },
        ),
      ];
    case 'pattern':
      // The names of members are told of by propertyNames.
      if (error.propertyName !== undefined) return [];
      return [file.issueAt(path, `does not have the form ${String(params['pattern'])}`)];
    case 'minProperties':
    case 'maxProperties':
      return [file.issueAt(path, `must have exactly one of ${memberNames(error).join(', ')}`)];
    default:
      return [file.issueAt(path, error.message ?? 'is not valid')];
  }
}

function choiceIssue(file: YamlFile, path: ValuePath, error: ErrorObject): FileIssue {
  const choices = (error.schema as { const: unknown }[]).map((choice) => String(choice.const));
  const given = typeof error.data === 'string' ? nearest(error.data, choices) : undefined;
  const guess = given ? `, did you mean ${given}?` : '';
  return file.issueAt(path, `must be one of ${choices.join(', ')}${guess}`);
}

function memberNames(error: ErrorObject): string[] {
  return Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
}

function firstOf(schema: unknown): object | undefined {
  return Array.isArray(schema) ? (schema[0] as object | undefined) : undefined;
}

/** RFC 6901. Places in lists are numbers again. */
function pathOf(root: unknown, pointer: string): (string | number)[] {
  let value = root;
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      const step = Array.isArray(value) ? Number(name) : name;
      value = (value as Record<string | number, unknown> | undefined)?.[step];
      return step;
    });
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

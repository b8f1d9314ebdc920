import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FieldIssue } from './problem.ts';
import { RequestInvalid } from './problem.ts';

const MOST_ISSUES = 20;
const MOST_FIELDS = 200;
const TOO_MANY: FieldIssue = {
  pointer: '',
  code: 'unknown-field',
  detail: 'there are no such fields',
};

/** What of a compiled schema's error is used. */
interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/**
 * Checks a part of a request against its schema as it is: nothing is coerced, filled in or dropped. Only
 * in the query and the path, which are text, a number's decimal digits are read where the schema says number.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  const isText = httpPart === 'querystring' || httpPart === 'params';
  return (value: unknown) => {
    const read = isText ? readNumbers(schema, value) : value;
    if (validator.Check(read)) return { value: read };
    if (isCrowded(read)) return { error: new RequestInvalid([TOO_MANY]) };
    const errors = validator.Errors(read) as SchemaError[];
    const issues = errors.flatMap((error) => issuesOf(error, httpPart)).slice(0, MOST_ISSUES);
    return { error: new RequestInvalid(issues) };
  };
};

/** To name each of so many fields would take longer than anything that a request may ask for. */
function isCrowded(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > MOST_FIELDS;
}

/** A check of what is answered, for tests: an answer that its schema does not describe is a defect. */
export function compileAnswerCheck(schema: TSchema): (data: unknown) => string {
  const validator = Compile(schema);
  return (data) => {
    const text = JSON.stringify(data);
    if (validator.Check(JSON.parse(text))) return text;
    const [first] = validator.Errors(JSON.parse(text)) as SchemaError[];
    throw new Error(
      `an answer is not as described: ${first?.instancePath ?? ''} ${first?.message ?? ''}`,
    );
  };
}

/** A body on a route that takes none is refused, not dropped; an empty object says nothing. */
export function refuseStrayBody({ body, is404, routeOptions }: FastifyRequest): void {
  if (is404 || routeOptions.schema?.body !== undefined || Buffer.isBuffer(body)) return;
  const isEmpty = body === undefined || body === null || JSON.stringify(body) === '{}';
  if (isEmpty) return;
  const isObject = typeof body === 'object' && !Array.isArray(body);
  const detail = 'this route takes no body';
  throw new RequestInvalid(
    isObject
      ? Object.keys(body).map((name) => ({
          ...{ pointer: `/${escape(name)}`, code: 'unknown-field', detail },
        }))
      : [{ pointer: '', code: 'wrong-type', detail }],
  );
}

function issuesOf(
  { keyword, instancePath, params, message }: SchemaError,
  part = '',
): FieldIssue[] {
  const base =
    (part === 'body' ? '' : `/${part === 'querystring' ? 'query' : part}`) + instancePath;
  const names =
    'additionalProperties' in params
      ? (params.additionalProperties as string[])
      : 'requiredProperties' in params
        ? (params.requiredProperties as string[])
        : undefined;
  const code = CODES[keyword] ?? 'invalid';
  if (!names) return [{ pointer: base, code, detail: message }];
  const detail = code === 'unknown-field' ? 'there is no such field' : 'this field is missing';
  return names.map((name) => ({ pointer: `${base}/${escape(name)}`, code, detail }));
}

const CODES: Readonly<Record<string, string>> = {
  additionalProperties: 'unknown-field',
  required: 'missing',
  type: 'wrong-type',
  pattern: 'wrong-form',
  format: 'wrong-form',
  minLength: 'too-short',
  maxLength: 'too-long',
  minItems: 'too-few',
  maxItems: 'too-many',
  minimum: 'too-small',
  maximum: 'too-large',
  enum: 'not-allowed',
  const: 'not-allowed',
};

/** RFC 6901, section 3. */
function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function readNumbers(schema: TSchema, value: unknown): unknown {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, text]): [string, unknown] => {
    const isNumber = properties[name]?.type === 'integer';
    const isDecimal = typeof text === 'string' && /^(?:0|[1-9]\d{0,14})$/.test(text);
    return [name, isNumber && isDecimal ? Number(text) : text];
  });
  return Object.fromEntries(entries);
}

import { STATUS_CODES } from 'node:http';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';

const closed = { additionalProperties: false } as const;

/** One thing that is wrong with a request. */
export const FieldIssue = Type.Object(
  {
    /** JSON pointer into the body, or `/query/…`, `/params/…`. */
    pointer: Type.String(),
    code: Type.String(),
    detail: Type.String(),
  },
  closed,
);
export type FieldIssue = Static<typeof FieldIssue>;

/** What every error is answered with, RFC 9457, as `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'A URN of the code; it is not to be fetched.' }),
    title: Type.String({ description: 'What is to be done.' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened.' }),
    instance: Type.String({ description: 'The path that was asked for.' }),
    code: Type.String({ description: 'One of docs/errors.md.' }),
    retryable: Type.Boolean({ description: 'The same request may succeed later.' }),
    requestId: Type.String({ description: 'Under this id the log of the registry has more.' }),
    facts: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    errors: Type.Optional(Type.Array(FieldIssue)),
  },
  closed,
);
export type Problem = Static<typeof Problem>;

/** A request whose shape is wrong, field by field. */
export class RequestInvalid extends KeylineError {
  readonly issues: readonly FieldIssue[];

  constructor(issues: readonly FieldIssue[]) {
    const first = issues[0];
    const message = first ? `${first.pointer || '/'}: ${first.detail}` : 'the request is invalid';
    super('request-invalid', { message });
    this.issues = issues;
  }
}

const WAIT: ReadonlySet<string> = new Set([
  'registry-unavailable',
  'rate-limited',
  'idempotency-in-flight',
]);

/** The document for an error; one without a status of its own is a defect, of which nothing is said. */
export function problemOf(
  error: KeylineError,
  about: { readonly path: string; readonly requestId: string },
): Problem {
  if (error.httpStatus === undefined) return problemOf(failed(), about);
  return {
    type: `urn:keyline:problem:${error.code}`,
    title: error.hint,
    status: error.httpStatus,
    detail: error.message,
    instance: about.path,
    code: error.code,
    retryable: WAIT.has(error.code),
    requestId: about.requestId,
    ...(Object.keys(error.facts).length > 0 && { facts: { ...error.facts } }),
    ...(error instanceof RequestInvalid && { errors: [...error.issues] }),
  };
}

/** What stands for every error that nobody foresaw. */
export function failed(): KeylineError {
  return new KeylineError('registry-failed', {
    message: `${STATUS_CODES[500] ?? ''}: the log of the registry has the cause`,
  });
}

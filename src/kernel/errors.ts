import { ERROR_CATALOG } from './error-catalog.ts';
import type { ErrorCode } from './error-catalog.ts';

/** Facts of an error: plain strings and numbers, never anything that held a secret. */
export type Facts = Readonly<Record<string, string | number | readonly string[]>>;

/** What an error says beside its code. */
export interface ErrorDetail {
  /** What happened to what, as one sentence without a final full stop. */
  readonly message: string;
  /** What to do; the catalog's hint where left out. */
  readonly hint?: string;
  readonly facts?: Facts;
}

/** The only error that keyline throws on purpose; the code decides the exit code. It never has a `cause`. */
export class KeylineError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly facts: Facts;

  constructor(code: ErrorCode, detail: ErrorDetail) {
    super(detail.message);
    this.name = 'KeylineError';
    this.code = code;
    this.hint = detail.hint ?? ERROR_CATALOG[code].hint;
    this.facts = detail.facts ?? {};
  }

  /** The process exit code that the catalog gives this error. */
  get exitCode(): number {
    return ERROR_CATALOG[this.code].exit;
  }

  /** The HTTP status that the catalog gives this error, or undefined where no request is answered with it. */
  get httpStatus(): number | undefined {
    const entry = ERROR_CATALOG[this.code];
    return 'status' in entry ? entry.status : undefined;
  }
}

/** Throws `interrupted` once the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KeylineError('interrupted', { message: 'interrupted' });
}

/** True for an error of the operating system with this code (`ENOENT`, `EEXIST`, …). */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

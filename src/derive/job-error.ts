import type { ErrorCode } from '../kernel/error-catalog.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Facts } from '../kernel/errors.ts';

/** An error on its way between threads, where `Error` loses its own fields. */
export type PostedError =
  | { readonly kind: 'keyline'; code: ErrorCode; message: string; hint: string; facts: Facts }
  | { readonly kind: 'errno'; code: string; message: string; errno?: number; syscall?: string }
  | { readonly kind: 'other'; message: string; stack: string };

/** What can be posted of an error: of the operating system's, what says which it is. */
export function postError(error: unknown): PostedError {
  if (error instanceof KeylineError) {
    const { code, message, hint, facts } = error;
    return { kind: 'keyline', code, message, hint, facts };
  }
  if (!(error instanceof Error)) return { kind: 'other', message: 'no error', stack: '' };
  const { message, stack = '' } = error;
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return { kind: 'other', message, stack };
  return { kind: 'errno', code, message, syscall, ...(errno !== undefined && { errno }) };
}

/** The error as it was thrown in the worker. */
export function receiveError(posted: PostedError): Error {
  switch (posted.kind) {
    case 'keyline':
      return new KeylineError(posted.code, posted);
    case 'errno': {
      const { message, code, errno, syscall } = posted;
      return Object.assign(new Error(message), { code, errno, syscall });
    }
    case 'other':
      return Object.assign(new Error(posted.message), { stack: posted.stack });
  }
}

import { isErrno, KeylineError } from './errors.ts';

const CODES = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR', 'ENAMETOOLONG'] as const;

/**
 * What to throw where a named file could not be read: `not-found` with the system's code, or the
 * error itself where it says something else, such as that the disk is broken.
 */
export function unreadable(
  path: string,
  error: unknown,
  hint = 'Check the name of the file and its permissions.',
): unknown {
  const code = CODES.find((one) => isErrno(error, one));
  if (code === undefined) return error;
  const message =
    code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read (${code})`;
  return new KeylineError('not-found', { message, hint, facts: { path } });
}

import { KeylineError } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/error-catalog.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly pattern: RegExp;
  readonly what: string;
  readonly hint?: string;
}

/**
 * What the serial library's messages mean: it gives nothing else. `strerror` of the C library, Linux
 * and macOS, and what its Windows part says. The first that matches counts.
 */
const MEANINGS: readonly Meaning[] = [
  {
    code: 'port-busy',
    pattern: /cannot lock port|resource busy|access denied/i,
    what: 'is in use by another program',
  },
  {
    code: 'port-unusable',
    pattern: /permission denied/i,
    what: 'may not be opened by this user',
    hint: 'Add your user to the group that owns the port (dialout on Debian), then log in again.',
  },
  {
    code: 'port-not-serial',
    pattern: /inappropriate ioctl|is a directory|not a typewriter|invalid argument/i,
    what: 'is not a serial port',
  },
  {
    code: 'port-missing',
    pattern: /no such (file|device)|file not found|not configured|input\/output error/i,
    what: 'is not there',
  },
];

/** The keyline error for a message with which the serial library refused to open `path`. */
export function serialOpenError(path: string, message: string): KeylineError {
  const meaning = MEANINGS.find(({ pattern }) => pattern.test(message));
  return new KeylineError(meaning?.code ?? 'port-unusable', {
    message: `${path} ${meaning?.what ?? `cannot be opened: ${message}`}`,
    ...(meaning?.hint === undefined ? {} : { hint: meaning.hint }),
    facts: { port: path },
  });
}

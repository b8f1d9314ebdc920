import { KeylineError } from '../kernel/errors.ts';

const PATH = /^(?:\.{0,2}|~)\/|\.(?:csv|ndjson|jsonl?|txt|gz|age)$/i;

/**
 * Where a file or the name of something else may be given, and no file has the name: throws `not-found` for what
 * can only be meant as a file, which would else be looked for under the other names.
 */
export function refuseMissingFile(name: string): void {
  if (!PATH.test(name)) return;
  throw new KeylineError('not-found', {
    message: `there is no file ${name}`,
    hint: 'Check the name of the file and its permissions.',
    facts: { path: name },
  });
}

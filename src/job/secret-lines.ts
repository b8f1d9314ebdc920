import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Output } from '../manifest/output.ts';
import { openWhole, writeWhole } from './write-whole.ts';

/** Files of one line each for what a registry says once. */
export interface LineFiles {
  /** Each a path, or `-`; all different. */
  readonly paths: readonly string[];
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/**
 * Opens the files before `ask` lets the registry make anything, so that a name that is taken stops it first;
 * then writes one line to each, 0600. Throws `output-exists`, `output-unwritable`, `usage`, what `ask` throws.
 */
export async function writeLines<Answer>(
  { paths, force, signal }: LineFiles,
  ask: () => Promise<{ readonly answer: Answer; readonly lines: readonly string[] }>,
): Promise<Answer> {
  if (new Set(paths).size < paths.length) {
    throw new KeylineError('usage', {
      message: 'two lines cannot go to one file',
      hint: 'Name a file of its own for each.',
    });
  }
  const outputs: Output[] = [];
  try {
    for (const path of paths) {
      outputs.push(await openWhole({ path, force }, { secret: true, signal }));
    }
    const { answer, lines } = await ask();
    for (const [at, output] of outputs.entries()) {
      await writeWhole(output, utf8(`${lines[at] ?? ''}\n`));
    }
    return answer;
  } finally {
    for (const output of outputs) await output[Symbol.asyncDispose]();
  }
}

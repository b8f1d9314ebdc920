import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Stats } from 'node:fs';
import { outputError } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { openSpecialOutput, openStdoutOutput } from './direct-output.ts';
import { openFileOutput } from './file-output.ts';
import type { Output, OutputOptions } from './output.ts';

/**
 * Opens `-`, a device, a pipe, or a regular file that is yet to appear. Throws `output-is-input`,
 * `output-exists`, `output-busy` and `output-unwritable`, before anything is written.
 */
export async function openOutput(path: string, options: OutputOptions): Promise<Output> {
  if (path === '-') return openStdoutOutput(options);
  const found = await statOf(path);
  if (found?.isDirectory() === true) {
    throw new KeylineError('output-unwritable', {
      message: `${path} is a folder`,
      hint: 'Name a file.',
      facts: { path },
    });
  }
  if (found && !found.isFile()) return openSpecialOutput(path, options);
  for (const input of options.inputs ?? []) await refuseInput(path, found, input);
  // A link stays a link: the file that it names is replaced.
  return openFileOutput(found ? await realpath(path) : path, options);
}

async function refuseInput(path: string, found: Stats | undefined, input: string): Promise<void> {
  const other = await statOf(input);
  const isFolder = other?.isDirectory() === true;
  if (
    isFolder ? !(await isWithin(path, input)) : !(await isSameFile(path, found, { input, other }))
  )
    return;
  throw new KeylineError('output-is-input', {
    message: isFolder
      ? `${path} lies in ${input}, where keyline keeps files of its own`
      : `${path} is a file that this command reads`,
    facts: { path },
  });
}

async function isWithin(path: string, folder: string): Promise<boolean> {
  const place = await realpath(path).catch(() => placeOf(path));
  return place.startsWith(join(await realpath(folder), sep));
}

async function isSameFile(
  path: string,
  found: Stats | undefined,
  { input, other }: { readonly input: string; readonly other: Stats | undefined },
): Promise<boolean> {
  if (found && other) return found.ino === other.ino && found.dev === other.dev;
  return (await placeOf(path)) === (await placeOf(input));
}

async function placeOf(path: string): Promise<string> {
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return join(folder, basename(path));
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw outputError(path, error);
  }
}

import { confirm } from '@inquirer/prompts';

/** Asks on standard error, so that standard output stays the result; the default is no. */
export function askYesNo(question: string, signal: AbortSignal): Promise<boolean> {
  return confirm({ message: question, default: false }, { output: process.stderr, signal });
}

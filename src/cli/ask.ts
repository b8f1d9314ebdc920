import { confirm, input } from '@inquirer/prompts';

/** Asks on standard error, so that standard output stays the result; the default is no. */
export function askYesNo(question: string, signal: AbortSignal): Promise<boolean> {
  return confirm({ message: question, default: false }, { output: process.stderr, signal });
}

/** Asks for a text on standard error; what is typed is shown. */
export function askText(question: string, signal: AbortSignal): Promise<string> {
  return input({ message: question }, { output: process.stderr, signal });
}

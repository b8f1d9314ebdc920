import { password } from '@inquirer/prompts';

/** Asks on standard error without showing what is typed. A string cannot be wiped: it is copied and let go. */
export function askSecret(question: string, signal: AbortSignal | undefined): Promise<string> {
  return password(
    { message: question, mask: false },
    { output: process.stderr, ...(signal && { signal }) },
  );
}

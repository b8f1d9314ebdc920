import { password } from '@inquirer/prompts';
import { throwIfAborted } from '../kernel/errors.ts';

/** Asks on standard error without showing what is typed. A string cannot be wiped: it is copied and let go. */
export async function askSecret(
  question: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    return await password(
      { message: question, mask: false },
      { output: process.stderr, ...(signal && { signal }) },
    );
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
}

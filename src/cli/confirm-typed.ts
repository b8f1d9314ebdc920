import { KeylineError } from '../kernel/errors.ts';

/**
 * Goes on when `yes` was given, or when a person at a terminal types `expected` after reading what it
 * is that they confirm. Throws `needs-yes`.
 */
export async function confirmTyped(
  command: { readonly isInteractive: boolean; readonly signal: AbortSignal },
  question: { readonly text: string; readonly expected: string },
  yes: boolean,
): Promise<void> {
  if (yes) return;
  const { text, expected } = question;
  if (!command.isInteractive) {
    throw new KeylineError('needs-yes', { message: `not confirmed: ${text}` });
  }
  const { askText } = await import('./ask.ts');
  const typed = await askText(`${text} Type ${expected} to confirm:`, command.signal);
  if (typed.trim() === expected) return;
  throw new KeylineError('needs-yes', {
    message: `${expected} was not typed`,
    hint: 'Nothing was changed.',
  });
}

import { KeylineError } from '../kernel/errors.ts';

/**
 * Resolves to what `work` does. Where it is interrupted the registry may have carried out what was sent: the
 * error says with `hint` how to find out, not that nothing was left behind.
 */
export async function saidWhenInterrupted<Result>(
  work: Promise<Result>,
  hint: string,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof KeylineError) || error.code !== 'interrupted') throw error;
    throw new KeylineError('interrupted', { message: 'interrupted', hint });
  }
}

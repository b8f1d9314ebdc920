import { KeylineError } from '../kernel/errors.ts';

/**
 * Resolves to what `work` does, which makes something with a secret. Where the registry may have carried it out
 * and the answer was lost, now or by an earlier call that took the name, the error says with `hint` how to get another.
 */
export async function saidWhenLost<Result>(work: Promise<Result>, hint: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const codes = ['interrupted', 'already-issued', 'name-taken'];
    if (!(error instanceof KeylineError) || !codes.includes(error.code)) throw error;
    const { code, message, facts } = error;
    throw new KeylineError(code, { message, hint, facts });
  }
}

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

import { setTimeout as delay } from 'node:timers/promises';
import { throwIfAborted } from '../../kernel/errors.ts';

/** Waits, as an effect that a test can replace. Throws `interrupted` when the signal fires. */
export type Pause = (delayMs: number, signal: AbortSignal) => Promise<void>;

/** Waits on the machine's clock. */
export const pause: Pause = async (delayMs, signal) => {
  await delay(delayMs, undefined, { signal }).catch(() => undefined);
  throwIfAborted(signal);
};

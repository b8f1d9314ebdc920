import type { FastifyRequest } from 'fastify';
import { KeylineError } from '../../kernel/errors.ts';
import type { App, Limits } from '../service.ts';
import type { LimitCheck } from './limits.ts';

const WINDOW_MS = 600_000;

/**
 * Holds back whoever tries passwords: by the name of the person in the body, and by address. Counts are
 * of this process. A name is counted whether or not anybody has it, so that nothing is learnt.
 */
export function loginLimit(
  app: App,
  { loginsPerTenMinutes: max }: Limits,
  nameOf: (request: FastifyRequest) => string,
): LimitCheck {
  const byName = app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator: nameOf });
  const byAddress = app.createRateLimit({ max: 10 * max, timeWindow: WINDOW_MS });
  return async (request) => {
    for (const check of [byAddress, byName]) {
      const state = await check(request);
      if (state.isAllowed || !state.isExceeded) continue;
      throw new KeylineError('rate-limited', {
        message: 'too many tries in the last ten minutes',
        facts: { retryAfterSeconds: state.ttlInSeconds },
      });
    }
  };
}

import type { FastifyRequest } from 'fastify';
import { KeylineError } from '../../kernel/errors.ts';
import { memberOf } from '../auth/caller.ts';
import type { App, Limits } from '../service.ts';
import type { LimitCheck } from './limits.ts';

const WINDOW_MS = 600_000;

/**
 * Holds back whoever tries passwords: by the person, whom `nameOf` names, and by address. Counts are
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

/** The name in the body of a request, whose schema has one. */
export function loginInBody({ body }: FastifyRequest): string {
  return (body as { readonly login: string }).login;
}

/** Who asks, where it has a token. */
export function whoAsks(request: FastifyRequest): string {
  return memberOf(request).principalId;
}

import type { FastifyRequest } from 'fastify';
import rateLimit from '@fastify/rate-limit';
import { KeylineError } from '../../kernel/errors.ts';
import { actorOf } from '../auth/caller.ts';
import type { App, Limits } from '../service.ts';

/** Refuses a request where there are too many: by its holder once that is known, else by its address. */
export type LimitCheck = (request: FastifyRequest) => Promise<void>;

/** Prepares both checks. Counts are of this process and of the last minute. */
export async function prepareLimits(app: App, limits: Limits): Promise<LimitCheck> {
  await app.register(rateLimit, { global: false, max: limits.addressPerMinute });
  const timeWindow = 60_000;
  const byAddress = app.createRateLimit({ max: limits.addressPerMinute, timeWindow });
  const byHolder = app.createRateLimit({
    max: limits.principalPerMinute,
    timeWindow,
    keyGenerator: ({ caller, ip }) => (caller ? actorOf(caller) : ip),
  });
  return async (request) => {
    const state = await (request.caller ? byHolder : byAddress)(request);
    if (state.isAllowed || !state.isExceeded) return;
    throw new KeylineError('rate-limited', {
      message: 'too many requests in the last minute',
      facts: { retryAfterSeconds: state.ttlInSeconds },
    });
  };
}

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { KeylineError } from '../../kernel/errors.ts';
import type { App, Service } from '../service.ts';
import { failed, problemOf } from './problem.ts';

const RETRY_SECONDS = 2;

/** Errors of fastify's that have a code of their own here; any other of 4xx is `request-malformed`. */
const FROM_FASTIFY: Readonly<Record<string, [KeylineError['code'], string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request-too-large', 'the body is over the limit of this route'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'media-type-unsupported',
    'this route does not take this content type',
  ],
};

/** Answers every error with a problem document; the cause of a 500 goes to the log alone. */
export function answerErrors(app: App, service: Service): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    answer(explained(service.store.explain(error)), request, reply, error);
  });
  app.setNotFoundHandler((request, reply) => {
    const unknown = new KeylineError('route-unknown', { message: 'there is no such route' });
    answer(unknown, request, reply, unknown);
  });
}

function answer(
  error: KeylineError,
  request: FastifyRequest,
  reply: FastifyReply,
  cause: unknown,
): void {
  const path = request.url.split('?')[0] ?? '/';
  const problem = problemOf(error, { path, requestId: request.id });
  if (problem.status >= 500) request.log.error({ err: cause, problem: error.code }, 'failed');
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="keyline"');
  if (problem.retryable && !reply.hasHeader('retry-after')) {
    const { retryAfterSeconds } = error.facts;
    reply.header('retry-after', retryAfterSeconds ?? RETRY_SECONDS);
  }
  reply
    .status(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problem);
}

function explained(error: unknown): KeylineError {
  if (error instanceof KeylineError) return error;
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>;
  const known = FROM_FASTIFY[code];
  if (known) return new KeylineError(known[0], { message: known[1] });
  if (statusCode < 400 || statusCode >= 500) return failed();
  // Its message may quote the body.
  return new KeylineError('request-malformed', {
    message: 'the request cannot be read',
    facts: { reason: code },
  });
}

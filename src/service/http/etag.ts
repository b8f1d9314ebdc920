import type { FastifyReply, FastifyRequest } from 'fastify';
import { KeylineError } from '../../kernel/errors.ts';

/** Says a resource's strong ETag (RFC 9110 section 8.8.3), which is its row's version. */
export function sendVersion(reply: FastifyReply, version: number): void {
  reply.header('etag', `"${version}"`);
}

/**
 * The version that a change was decided on, from If-Match. Throws `precondition-required` without it,
 * `precondition-failed` for a text that no version of ours is: a weak tag, several, or `*`.
 */
export function versionToMatch(request: FastifyRequest): number {
  const match = request.headers['if-match'];
  if (match === undefined) {
    throw new KeylineError('precondition-required', { message: 'If-Match is missing' });
  }
  const [, version] = /^"([1-9]\d{0,14})"$/.exec(match) ?? [];
  if (version !== undefined) return Number(version);
  throw new KeylineError('precondition-failed', {
    message: 'If-Match is no ETag of this resource',
  });
}

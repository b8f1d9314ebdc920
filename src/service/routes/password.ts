import { Type } from 'typebox';
import { memberOf, unauthenticated } from '../auth/caller.ts';
import { findOneTimeToken, takeOneTimeToken } from '../auth/one-time-token.ts';
import { digestPassword, isPassword } from '../auth/secret-digest.ts';
import { loginLimit, whoAsks } from '../http/login-limit.ts';
import type { App, Service } from '../service.ts';
import { findPrincipal, rotateSecret } from '../store/principals.ts';

const closed = { additionalProperties: false } as const;

/** A password that is chosen; NIST SP 800-63B section 5.1.1: long, and no rules about its characters. */
export const NewPassword = Type.String({ minLength: 12, maxLength: 1024 });

const ByToken = Type.Object(
  { token: Type.String({ maxLength: 128 }), password: NewPassword },
  closed,
);
const ByPassword = Type.Object(
  { password: Type.String({ maxLength: 1024 }), newPassword: NewPassword },
  closed,
);

/** A password by an invitation or a reset, or by the old one; every token of the person ends. */
export function passwordRoutes(app: App, { store, clock, limits }: Service): void {
  const tags = ['token'];
  app.post(
    '/v1/password',
    {
      config: { access: 'anyone' },
      schema: { tags, body: ByToken, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { token, password } = request.body;
      // Before the work that a password costs.
      const { principalId } = await findOneTimeToken(
        store.reader,
        token,
        clock.now().toISOString(),
      );
      const digest = await digestPassword(password);
      await store.change({ actor: principalId, requestId: request.id }, async (change) => {
        const { accountId, principalId: id } = await takeOneTimeToken(change, token);
        await rotateSecret(change, { id, accountId }, digest);
      });
      return reply.status(204).send(null);
    },
  );
  const checkLimit = loginLimit(app, limits, whoAsks);
  app.post(
    '/v1/me/password',
    {
      config: { access: 'member' },
      schema: { tags: ['me'], body: ByPassword, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await checkLimit(request);
      const { password, newPassword } = request.body;
      const { principalId: id } = memberOf(request);
      const own = await findPrincipal(store.reader, { id });
      const record = own?.kind === 'user' ? (own.secretDigest ?? undefined) : undefined;
      if (!(await isPassword(password, record)) || !own) throw unauthenticated();
      const digest = await digestPassword(newPassword);
      await store.change({ actor: id, requestId: request.id }, (change) =>
        rotateSecret(change, { id, accountId: own.homeAccountId }, digest),
      );
      return reply.status(204).send(null);
    },
  );
}

import { Type } from 'typebox';
import { unauthenticated } from '../auth/caller.ts';
import { isClientSecret } from '../auth/secret-digest.ts';
import { endToken, issueToken } from '../auth/sessions.ts';
import type { App, Service } from '../service.ts';
import { findPrincipal } from '../store/principals.ts';

const closed = { additionalProperties: false } as const;

const Grant = Type.Object(
  {
    grantType: Type.Literal('client_credentials'),
    clientId: Type.String({ maxLength: 64 }),
    clientSecret: Type.String({ maxLength: 128 }),
  },
  closed,
);
/** A token as it is given, once. */
export const Token = Type.Object(
  {
    accessToken: Type.String(),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'Seconds.' }),
    accountId: Type.String(),
  },
  closed,
);

/** Client credentials for a token of an hour (RFC 6749 section 4.4, in JSON), and its end. */
export function tokenRoutes(app: App, { store }: Service): void {
  const tags = ['token'];
  app.post(
    '/v1/token',
    { config: { access: 'anyone' }, schema: { tags, body: Grant, response: { 200: Token } } },
    async (request) => {
      const { clientId, clientSecret } = request.body;
      const found = await findPrincipal(store.reader, { id: clientId });
      const principal = found?.kind === 'system' && found.state === 'active' ? found : undefined;
      // Compared even where nobody has this id.
      if (!isClientSecret(clientSecret, principal?.secretDigest ?? undefined) || !principal) {
        throw unauthenticated();
      }
      const { id: principalId, homeAccountId: accountId, secretVersion } = principal;
      const issued = await store.change({ actor: principalId, requestId: request.id }, (change) =>
        issueToken(change, { accountId, principalId, secretVersion }),
      );
      return {
        accessToken: issued.token,
        tokenType: 'Bearer' as const,
        expiresIn: issued.expiresInSeconds,
        accountId,
      };
    },
  );
  app.delete(
    '/v1/token',
    { config: { access: 'member' }, schema: { tags, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const token = request.headers.authorization?.replace(/^Bearer /i, '') ?? '';
      await store.change({ actor: 'registry', requestId: request.id }, (change) =>
        endToken(change, token),
      );
      return reply.status(204).send(null);
    },
  );
}

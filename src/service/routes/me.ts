import { Type } from 'typebox';
import { ROLES } from '../../model/role.ts';
import { memberOf, unauthenticated } from '../auth/caller.ts';
import { beginTotp, confirmTotp, removeTotp, useTotp } from '../auth/second-factor.ts';
import { toBase32, totpUri } from '../auth/totp.ts';
import { loginLimit, whoAsks } from '../http/login-limit.ts';
import type { App, Service } from '../service.ts';
import { membershipsOf } from '../store/memberships.ts';
import { findPrincipal } from '../store/principals.ts';
import type { Principal } from '../store/principals.ts';
import type { Reader } from '../store/store.ts';

const closed = { additionalProperties: false } as const;

const Me = Type.Object(
  {
    id: Type.String(),
    kind: Type.Enum(['user', 'system']),
    login: Type.Optional(Type.String()),
    name: Type.String(),
    accountId: Type.String({ description: 'The account that the token is for.' }),
    hasTotp: Type.Boolean(),
    mustEnrolTotp: Type.Boolean({ description: 'Until then the roles grant nothing.' }),
    accounts: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          handle: Type.String(),
          name: Type.String(),
          roles: Type.Array(Type.Enum([...ROLES])),
        },
        closed,
      ),
    ),
  },
  closed,
);
const Secret = Type.Object(
  {
    secret: Type.String({ description: 'Base32, to be typed.' }),
    uri: Type.String({ description: '`otpauth://…`, to be shown as a QR code.' }),
  },
  closed,
);
const Code = Type.Object({ code: Type.String({ pattern: '^[0-9]{6}$' }) }, closed);
const Totp = Type.Object({ hasTotp: Type.Boolean() }, closed);

/** Who the token says one is, and one's own authenticator (RFC 6238). */
export function meRoutes(app: App, { store, masterKey, limits }: Service): void {
  const config = { access: 'member' } as const;
  const tags = ['me'];
  // A code has six digits: whoever has a stolen token could try them all within its hour.
  const checkLimit = loginLimit(app, limits, whoAsks);
  app.get('/v1/me', { config, schema: { tags, response: { 200: Me } } }, async (request) => {
    const { accountId, principalId, mustEnrolTotp = false } = memberOf(request);
    const { id, kind, login, name, totp } = await ownRow(store.reader, principalId);
    const memberships = await membershipsOf(store.reader, id);
    return {
      ...{ id, kind, name, accountId, mustEnrolTotp, hasTotp: totp !== null },
      ...(login !== null && { login }),
      accounts: memberships.map(({ accountId: account, handle, name: title, roles }) => ({
        ...{ id: account, handle, name: title, roles: [...roles] },
      })),
    };
  });
  app.post(
    '/v1/me/totp',
    { config, schema: { tags, response: { 201: Secret } } },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const principal = await ownRow(change.db, memberOf(request).principalId);
        const secret = await beginTotp(change, masterKey, principal);
        const label = { issuer: 'keyline', login: principal.login ?? principal.id };
        const body = { secret: toBase32(secret), uri: totpUri(secret, label) };
        secret.fill(0);
        return { status: 201, body, isSecret: true };
      }),
  );
  app.post(
    '/v1/me/totp/confirm',
    { config, schema: { tags, body: Code, response: { 200: Totp } } },
    async (request, reply) => {
      await checkLimit(request);
      await app.repeatable.answer(request, reply, async (change) => {
        const principal = await ownRow(change.db, memberOf(request).principalId);
        const { code } = request.body;
        if (!(await confirmTotp(change, masterKey, { principal, code }))) throw unauthenticated();
        return { status: 200, body: { hasTotp: true } };
      });
      return reply;
    },
  );
  app.post(
    '/v1/me/totp/disable',
    { config, schema: { tags, body: Code, response: { 200: Totp } } },
    async (request, reply) => {
      await checkLimit(request);
      await app.repeatable.answer(request, reply, async (change) => {
        const principal = await ownRow(change.db, memberOf(request).principalId);
        const { code } = request.body;
        if (!(await useTotp(change, masterKey, { principal, code }))) throw unauthenticated();
        await removeTotp(change, principal);
        return { status: 200, body: { hasTotp: false } };
      });
      return reply;
    },
  );
}

async function ownRow(db: Reader, id: string): Promise<Principal> {
  const principal = await findPrincipal(db, { id });
  if (!principal) throw unauthenticated();
  return principal;
}

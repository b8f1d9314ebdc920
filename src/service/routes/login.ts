import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { KeylineError } from '../../kernel/errors.ts';
import { useTotp } from '../auth/second-factor.ts';
import { isPassword } from '../auth/secret-digest.ts';
import { issueToken } from '../auth/sessions.ts';
import { loginInBody, loginLimit } from '../http/login-limit.ts';
import type { App, Service } from '../service.ts';
import { membershipsOf } from '../store/memberships.ts';
import type { Membership } from '../store/memberships.ts';
import { findPrincipal } from '../store/principals.ts';
import type { Principal } from '../store/principals.ts';
import type { Change } from '../store/store.ts';
import { Token } from './token.ts';

const closed = { additionalProperties: false } as const;

const Login = Type.Object(
  {
    login: Type.String({ minLength: 1, maxLength: 128 }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
    code: Type.Optional(
      Type.String({ pattern: '^[0-9]{6}$', description: 'Of the authenticator.' }),
    ),
    account: Type.Optional(
      Type.String({ maxLength: 64, description: 'Handle; the person’s own account unless given.' }),
    ),
  },
  closed,
);

/** A person's password, and code where there is an authenticator, for a token of one account. */
export function loginRoutes(app: App, service: Service): void {
  const { store, limits } = service;
  const checkLimit = loginLimit(app, limits, loginInBody);
  app.post(
    '/v1/login',
    {
      config: { access: 'anyone' },
      schema: { tags: ['token'], body: Login, response: { 200: Token } },
    },
    async (request, reply) => {
      await checkLimit(request);
      const { login, password, code, account } = request.body;
      const found = await findPrincipal(store.reader, { login });
      const isIt = await isPassword(password, found?.secretDigest ?? undefined);
      if (!found || !isIt || found.state !== 'active') {
        if (found) recordFailure(service, found, { request, reply });
        throw wrongLogin();
      }
      const origin = { actor: found.id, requestId: request.id };
      const done = await store.change(origin, async (change) => {
        const member = await chooseAccount(change, found, account);
        if (!(await passesTotp(service, change, { id: found.id, code }))) return undefined;
        const { accountId } = member;
        const issued = await issueToken(change, {
          ...{ accountId, principalId: found.id, secretVersion: found.secretVersion },
        });
        const type = 'login.succeeded';
        change.record({ accountId, type, subject: found.id, auditOnly: true });
        return { issued, accountId };
      });
      if (!done) {
        recordFailure(service, found, { request, reply });
        throw wrongLogin();
      }
      return {
        accessToken: done.issued.token,
        tokenType: 'Bearer' as const,
        expiresIn: done.issued.expiresInSeconds,
        accountId: done.accountId,
      };
    },
  );
}

/** Throws `forbidden` where the person is no member: an unknown handle answers alike. */
async function chooseAccount(
  change: Change,
  { id, homeAccountId }: Principal,
  handle: string | undefined,
): Promise<Membership> {
  const memberships = await membershipsOf(change.db, id);
  const chosen = memberships.find((one) =>
    handle === undefined ? one.accountId === homeAccountId : one.handle === handle,
  );
  if (chosen) return chosen;
  throw new KeylineError('forbidden', {
    message:
      handle === undefined
        ? 'this person has no roles in an account of its own: name another'
        : 'this person has no roles in an account of this handle',
  });
}

/** Throws `totp-required` where a code is missing. Read in the change, so that each code serves once. */
async function passesTotp(
  { masterKey }: Service,
  change: Change,
  { id, code }: { readonly id: string; readonly code: string | undefined },
): Promise<boolean> {
  const principal = await findPrincipal(change.db, { id });
  if (!principal?.totp) return true;
  if (code === undefined) {
    throw new KeylineError('totp-required', {
      message: 'the code of the authenticator is missing',
    });
  }
  return await useTotp(change, masterKey, { principal, code });
}

/** Tells the auditor, after the answer: a name that nobody has must not be answered sooner. */
function recordFailure(
  { store }: Service,
  { id, homeAccountId }: Principal,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): void {
  const record = { accountId: homeAccountId, type: 'login.failed', subject: id, auditOnly: true };
  reply.raw.once('close', () => {
    store
      .change({ actor: 'registry', requestId: request.id }, (change) => {
        change.record(record);
        return Promise.resolve();
      })
      .catch((error: unknown) => {
        request.log.error({ err: error }, 'a failed log-in was not recorded');
      });
  });
}

/** One answer for a name that nobody has, a wrong password or code, and whoever is disabled. */
function wrongLogin(): KeylineError {
  return new KeylineError('unauthenticated', {
    message: 'the name, the password or the code is wrong',
    hint: 'Give them again; after some tries one waits for ten minutes. An invitation is used by `keyline registry password` first.',
  });
}

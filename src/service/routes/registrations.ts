import { Type } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { digestPassword } from '../auth/secret-digest.ts';
import { loginInBody, loginLimit } from '../http/login-limit.ts';
import type { App, Service } from '../service.ts';
import { findAccountByHandle } from '../store/accounts.ts';
import { createPrincipal } from '../store/principals.ts';
import { PersonName } from './members.ts';
import { NewPassword } from './password.ts';
import { LoginName } from './users.ts';

const closed = { additionalProperties: false } as const;

const Registration = Type.Object(
  {
    account: Type.String({ maxLength: 64, description: 'Handle.' }),
    login: LoginName,
    name: PersonName,
    password: NewPassword,
  },
  closed,
);
const Registered = Type.Object({ id: Type.String(), accountId: Type.String() }, closed);

/** People who join an account that allows it, as end-users. That a log-in name is taken cannot be hidden. */
export function registrationRoutes(app: App, { store, limits }: Service): void {
  const checkLimit = loginLimit(app, limits, loginInBody);
  app.post(
    '/v1/registrations',
    {
      config: { access: 'anyone' },
      schema: { tags: ['users'], body: Registration, response: { 201: Registered } },
    },
    async (request, reply) => {
      await checkLimit(request);
      const { account: handle, login, name, password } = request.body;
      const found = await findAccountByHandle(store.reader, handle);
      if (found?.state !== 'active' || found.allowsRegistration !== 1) {
        throw new KeylineError('object-unknown', {
          message: 'there is no account of this handle that people may join',
        });
      }
      const secretDigest = await digestPassword(password);
      const { id: accountId } = found;
      const roles = ['end-user'] as const;
      const wanted = { kind: 'user', accountId, login, name, roles, secretDigest } as const;
      const { id } = await store.change({ actor: 'registry', requestId: request.id }, (change) =>
        createPrincipal(change, wanted),
      );
      return reply.status(201).send({ id, accountId });
    },
  );
}

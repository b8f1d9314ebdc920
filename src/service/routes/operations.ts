import { Type } from 'typebox';
import type { Static } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { memberOf } from '../auth/caller.ts';
import { sendVersion } from '../http/etag.ts';
import { PAGE_QUERY, pageOf, readPage, sendPage } from '../http/page.ts';
import type { App, Service } from '../service.ts';
import { findOperation, listOperations } from '../store/operations.ts';
import type { Operation } from '../store/operations.ts';

const closed = { additionalProperties: false } as const;

/** Long work as whoever asked for it sees it; a 202 has one as its body. */
export const OperationView = Type.Object(
  {
    id: Type.String(),
    kind: Type.String(),
    subject: Type.String(),
    state: Type.Enum(['waiting', 'running', 'succeeded', 'failed']),
    done: Type.Integer(),
    total: Type.Integer(),
    result: Type.Optional(Type.Unknown()),
    problem: Type.Optional(Type.Unknown()),
    createdAt: Type.String(),
  },
  closed,
);

/** The account's operations, the newest first. */
export function operationRoutes(app: App, { store, masterKey }: Service): void {
  const config = { access: 'operations:read' } as const;
  const tags = ['operations'];
  app.get(
    '/v1/operations',
    {
      config,
      schema: {
        tags,
        querystring: Type.Object(PAGE_QUERY, closed),
        response: { 200: pageOf(OperationView) },
      },
    },
    async (request, reply) => {
      const scope = { accountId: memberOf(request).accountId };
      const { limit, after } = readPage(masterKey, request, scope);
      const rows = await listOperations(store.reader, scope.accountId, {
        limit: limit + 1,
        before: after?.[0] as string | undefined,
      });
      const page = sendPage({ masterKey, request, reply, scope }, { limit, rows }, ({ id }) => [
        id,
      ]);
      return { ...page, items: page.items.map(toOperationView) };
    },
  );
  app.get(
    '/v1/operations/:id',
    {
      config,
      schema: {
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }, closed),
        response: { 200: OperationView },
      },
    },
    async (request, reply) => {
      const { accountId } = memberOf(request);
      const operation = await findOperation(store.reader, accountId, request.params.id);
      if (!operation) {
        throw new KeylineError('object-unknown', { message: 'there is no such operation' });
      }
      sendVersion(reply, operation.version);
      return toOperationView(operation);
    },
  );
}

/** What of the row is shown. */
export function toOperationView(operation: Operation): Static<typeof OperationView> {
  const { id, kind, subject, state, done, total, result, problem, createdAt } = operation;
  return {
    ...{ id, kind, subject, state, done, total, createdAt },
    ...(result !== null && { result: JSON.parse(result) as unknown }),
    ...(problem !== null && { problem: JSON.parse(problem) as unknown }),
  };
}

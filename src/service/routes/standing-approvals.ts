import { Type } from 'typebox';
import { memberOf } from '../auth/caller.ts';
import { PAGE_QUERY, pageOf, readPage, sendPage } from '../http/page.ts';
import type { App, Service } from '../service.ts';
import {
  addStandingApproval,
  listStandingApprovals,
  removeStandingApproval,
} from '../store/standing-approvals.ts';

const closed = { additionalProperties: false } as const;
const Handle = Type.String({ minLength: 3, maxLength: 40, description: 'Handle of the source.' });
const From = Type.Object({ from: Handle }, closed);
const View = Type.Object({ from: Type.String(), createdAt: Type.String() }, closed);

/** Accounts whose devices are accepted without being asked about. */
export function standingApprovalRoutes(app: App, { store, masterKey }: Service): void {
  const tags = ['transfers'];
  app.get(
    '/v1/standing-approvals',
    {
      config: { access: 'transfers:read' },
      schema: {
        tags,
        querystring: Type.Object(PAGE_QUERY, closed),
        response: { 200: pageOf(View) },
      },
    },
    async (request, reply) => {
      const scope = { accountId: memberOf(request).accountId };
      const { limit, after } = readPage(masterKey, request, scope);
      const asked = { limit: limit + 1, after: after?.[0] as string | undefined };
      const rows = await listStandingApprovals(store.reader, scope.accountId, asked);
      const context = { masterKey, request, reply, scope };
      return sendPage(context, { limit, rows }, ({ from }) => [from]);
    },
  );
  app.post(
    '/v1/standing-approvals',
    {
      config: { access: 'transfers:decide' },
      schema: { tags, body: From, response: { 201: View } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const { accountId } = memberOf(request);
        const body = await addStandingApproval(change, accountId, request.body.from);
        const headers = { location: `/v1/standing-approvals/${body.from}` };
        return { status: 201, body, headers };
      }),
  );
  app.delete(
    '/v1/standing-approvals/:from',
    {
      config: { access: 'transfers:decide' },
      schema: { tags, params: From, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { accountId, principalId: actor } = memberOf(request);
      await store.change({ actor, requestId: request.id }, (change) =>
        removeStandingApproval(change, accountId, request.params.from),
      );
      return reply.status(204).send(null);
    },
  );
}

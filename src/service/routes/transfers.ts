import { Type } from 'typebox';
import { KeylineError } from '../../kernel/errors.ts';
import { ITEM_STATES, TRANSFER_STATES } from '../../model/transfer-state.ts';
import { memberOf } from '../auth/caller.ts';
import { sendVersion } from '../http/etag.ts';
import { PAGE_QUERY, pageOf, readPage, sendPage } from '../http/page.ts';
import { RequestInvalid } from '../http/problem.ts';
import type { App, Service } from '../service.ts';
import { prepareTransfer } from '../store/prepare-transfer.ts';
import { completeTransfer, requestTransfer } from '../store/request-transfer.ts';
import { applyStandingApproval } from '../store/standing-approvals.ts';
import { decideItems, decideWhole, lockTransfer } from '../store/transfer-decision.ts';
import { listItems } from '../store/transfer-items.ts';
import type { RowMove } from '../store/transfer-rows.ts';
import type { OfferedDevices } from '../store/transfer-devices.ts';
import { findTransfer, listTransfers } from '../store/transfers.ts';
import type { Transfer } from '../store/transfers.ts';
import { requireLotOfRange } from './fleet-views.ts';
import {
  CountedTransfer,
  DecisionBody,
  ItemView,
  MOST_LISTED,
  NewTransferBody,
  toCountedTransfer,
  toItemView,
  toTransferViews,
  TransferView,
  WithdrawalBody,
} from './transfer-views.ts';

const closed = { additionalProperties: false } as const;
const Params = Type.Object({ id: Type.String({ maxLength: 64 }) }, closed);
const ListQuery = Type.Object(
  {
    ...PAGE_QUERY,
    as: Type.Optional(Type.Enum(['source', 'destination'])),
    state: Type.Optional(Type.Enum([...TRANSFER_STATES])),
  },
  closed,
);
const ItemQuery = Type.Object(
  { ...PAGE_QUERY, state: Type.Optional(Type.Enum([...ITEM_STATES])) },
  closed,
);

const MONTH_SECONDS = 30 * 24 * 3_600;
/** 100,000 of the longest serials. */
const LARGE_BODY = 16 * 1024 * 1024;
/** Listed devices that are offered in the transaction of the request itself. */
const FEW = 1_000;
const MOVES = { accept: 'accepted', refuse: 'refused' } as const;

/** Devices from one account to another: asked for, decided on, taken back. */
export function transferRoutes(app: App, service: Service): void {
  const { store } = service;
  const tags = ['transfers'];
  app.post(
    '/v1/transfers',
    {
      config: { access: 'transfers:request' },
      bodyLimit: LARGE_BODY,
      schema: { tags, body: NewTransferBody, response: { 201: CountedTransfer } },
    },
    async (request, reply) => {
      const { expiresIn = MONTH_SECONDS, includePlanned = false, ...rest } = request.body;
      const isMany = checkDevices(rest.devices);
      const expiresAt = new Date(service.clock.now().getTime() + expiresIn * 1_000).toISOString();
      const { accountId: sourceAccountId, principalId: actor } = memberOf(request);
      const wanted = { ...rest, sourceAccountId, includePlanned, expiresAt };
      const { name: key, isDone } = await app.repeatable.look(request);
      await using prepared =
        isMany && !isDone
          ? await prepareTransfer(store, { actor, requestId: request.id }, { wanted, key })
          : undefined;
      await app.repeatable.answer(request, reply, async (change) => {
        const { transfer: requested, leftOut } = prepared
          ? await completeTransfer(change, prepared)
          : await requestTransfer(change, wanted);
        const transfer = await applyStandingApproval(change, requested);
        const body = { ...(await toCountedTransfer(change.db, transfer)), leftOut };
        const headers = { etag: `"${transfer.version}"`, location: `/v1/transfers/${transfer.id}` };
        return { status: 201, body, headers };
      });
    },
  );
  app.post(
    '/v1/transfers/:id/decision',
    {
      config: { access: 'transfers:decide' },
      schema: { tags, params: Params, body: DecisionBody, response: { 200: CountedTransfer } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const { accountId } = memberOf(request);
        const { body, params } = request;
        const transfer = await lockTransfer(change, { accountId, as: 'destination' }, params.id);
        if ('items' in body) {
          const moves = body.items.map(({ deviceId, decision, reason }): RowMove => {
            return { deviceId, move: MOVES[decision], reason: reason ?? null };
          });
          return await answer(await decideItems(change, transfer, moves), change.db);
        }
        const { except = [], reason = null } = body;
        const opposite = body.default === 'accept' ? 'refused' : 'accepted';
        const decision = { move: MOVES[body.default], except, opposite, reason } as const;
        return await answer(await decideWhole(change, transfer, decision), change.db);
      }),
  );
  app.post(
    '/v1/transfers/:id/withdrawal',
    {
      config: { access: 'transfers:request' },
      schema: { tags, params: Params, body: WithdrawalBody, response: { 200: CountedTransfer } },
    },
    (request, reply) =>
      app.repeatable.answer(request, reply, async (change) => {
        const { accountId } = memberOf(request);
        const { devices } = request.body;
        const transfer = await lockTransfer(change, { accountId, as: 'source' }, request.params.id);
        const move = 'withdrawn';
        const all = { move, except: [], opposite: move, reason: null } as const;
        const moves = devices?.map((deviceId): RowMove => ({ deviceId, move, reason: null }));
        const ended = moves
          ? await decideItems(change, transfer, moves)
          : await decideWhole(change, transfer, all);
        return await answer(ended, change.db);
      }),
  );
  const config = { access: 'transfers:read' } as const;
  app.get(
    '/v1/transfers',
    {
      config,
      schema: { tags, querystring: ListQuery, response: { 200: pageOf(TransferView) } },
    },
    async (request, reply) => {
      const { as = 'destination', state } = request.query;
      const scope = { accountId: memberOf(request).accountId, filters: { as, state } };
      const { limit, after } = readPage(service.masterKey, request, scope);
      const { accountId } = scope;
      const rows = await listTransfers(
        store.reader,
        { accountId, as, state },
        { limit: limit + 1, before: after?.[0] as string | undefined },
      );
      const context = { masterKey: service.masterKey, request, reply, scope };
      const page = sendPage(context, { limit, rows }, ({ id }) => [id]);
      return { ...page, items: await toTransferViews(store.reader, page.items) };
    },
  );
  app.get(
    '/v1/transfers/:id',
    { config, schema: { tags, params: Params, response: { 200: CountedTransfer } } },
    async (request, reply) => {
      const transfer = await find(memberOf(request).accountId, request.params.id);
      sendVersion(reply, transfer.version);
      return await toCountedTransfer(store.reader, transfer);
    },
  );
  app.get(
    '/v1/transfers/:id/items',
    {
      config,
      schema: {
        ...{ tags, params: Params, querystring: ItemQuery },
        response: { 200: pageOf(ItemView) },
      },
    },
    async (request, reply) => {
      const { state } = request.query;
      const scope = { accountId: memberOf(request).accountId, filters: { state } };
      const transfer = await find(scope.accountId, request.params.id);
      const { limit, after } = readPage(service.masterKey, request, scope);
      const rows = await listItems(store.reader, transfer, {
        ...{ limit: limit + 1, after: after?.[0] as string | undefined, state },
      });
      const context = { masterKey: service.masterKey, request, reply, scope };
      const page = sendPage(context, { limit, rows }, ({ deviceId }) => [deviceId]);
      return { ...page, items: page.items.map(toItemView) };
    },
  );

  async function find(accountId: string, id: string): Promise<Transfer> {
    const transfer = await findTransfer(store.reader, accountId, id);
    if (transfer) return transfer;
    throw new KeylineError('object-unknown', { message: 'there is no such transfer' });
  }
}

/** Whether they may be more than one transaction should take. Throws `RequestInvalid`. */
function checkDevices(devices: OfferedDevices): boolean {
  if ('query' in devices) requireLotOfRange(devices.query, '/devices/query/lotId');
  if ('lotId' in devices || 'query' in devices) return true;
  const { ids = [], serials = [], endpointKeys = [] } = devices;
  const listed = ids.length + serials.length + endpointKeys.length;
  if (listed <= MOST_LISTED) return listed > FEW;
  const detail = `${listed} devices are listed, and ${MOST_LISTED} may be`;
  throw new RequestInvalid([{ pointer: '/devices', code: 'too-many', detail }]);
}

async function answer(transfer: Transfer, db: Parameters<typeof toCountedTransfer>[0]) {
  const body = await toCountedTransfer(db, transfer);
  return { status: 200, body, headers: { etag: `"${transfer.version}"` } };
}

import { Type } from 'typebox';
import type { Static } from 'typebox';
import { ESCROW_STATES } from '../../model/escrow.ts';
import { memberOf } from '../auth/caller.ts';
import { sendVersion, versionToMatch } from '../http/etag.ts';
import { PAGE_QUERY, pageOf } from '../http/page.ts';
import type { App, Service } from '../service.ts';
import { countEscrow } from '../store/device-query.ts';
import type { DeviceQuery } from '../store/device-query.ts';
import { setCancelled } from '../store/escrow.ts';
import { needFleetDevice } from '../store/fleet.ts';
import { fleetPage } from './fleet-page.ts';
import { DEVICE_FILTERS, DeviceView, filtersOf, toDeviceView } from './fleet-views.ts';

const closed = { additionalProperties: false } as const;
const { escrow: State, ...filters } = DEVICE_FILTERS;
const Filters = Type.Object({ ...filters, state: State }, closed);
const Name = Type.Object(
  { id: Type.String({ maxLength: 128, description: 'Id, endpoint key or serial.' }) },
  closed,
);
const Count = Type.Integer({ minimum: 0 });
const Counts = Type.Object(
  Object.fromEntries(ESCROW_STATES.map((state) => [state, Count])) as Record<
    (typeof ESCROW_STATES)[number],
    typeof Count
  >,
  closed,
);

/** Devices on their way to their owner, the retired ones aside: who waits, who is offered, who is there. */
export function escrowRoutes(app: App, service: Service): void {
  const { store } = service;
  const config = { access: 'escrow:read' } as const;
  const tags = ['escrow'];
  app.get(
    '/v1/escrow',
    {
      config,
      schema: {
        tags,
        querystring: Type.Object({ ...PAGE_QUERY, ...Filters.properties }, closed),
        response: { 200: pageOf(DeviceView) },
      },
    },
    (request, reply) => fleetPage(service, { request, reply }, queryOf(request.query)),
  );
  app.get(
    '/v1/escrow/counts',
    { config, schema: { tags, querystring: Filters, response: { 200: Counts } } },
    async (request) => {
      const { accountId } = memberOf(request);
      return await countEscrow(store.reader, { accountId, query: queryOf(request.query) });
    },
  );
  app.get(
    '/v1/escrow/:id',
    { config, schema: { tags, params: Name, response: { 200: DeviceView } } },
    async (request, reply) => {
      const { accountId } = memberOf(request);
      const device = await needFleetDevice(store.reader, accountId, request.params.id);
      sendVersion(reply, device.version);
      return toDeviceView(device);
    },
  );
  for (const verb of ['cancel', 'restore'] as const) {
    app.post(
      `/v1/escrow/:id/${verb}`,
      {
        config: { access: 'escrow:manage' },
        schema: { tags, params: Name, response: { 200: DeviceView } },
      },
      (request, reply) =>
        app.repeatable.answer(request, reply, async (change) => {
          const { accountId } = memberOf(request);
          const where = { accountId, id: request.params.id, version: versionToMatch(request) };
          const device = await setCancelled(change, where, verb === 'cancel');
          const headers = { etag: `"${device.version}"` };
          return { status: 200, body: toDeviceView(device), headers };
        }),
    );
  }
}

function queryOf(asked: Static<typeof Filters>): DeviceQuery {
  const { state, ...query } = filtersOf(asked);
  return { ...query, escrow: state, retired: false };
}

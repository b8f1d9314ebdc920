import { Type } from 'typebox';
import { seesPersonalData } from '../../model/role.ts';
import { memberOf, stationOf } from '../auth/caller.ts';
import { sendVersion, versionToMatch } from '../http/etag.ts';
import { PAGE_QUERY, pageOf } from '../http/page.ts';
import type { App, Service } from '../service.ts';
import { moveDevice } from '../store/devices.ts';
import { custodyOf, needFleetDevice } from '../store/fleet.ts';
import type { Reader } from '../store/store.ts';
import { exportType, sendExport } from './fleet-export.ts';
import { fleetPage } from './fleet-page.ts';
import {
  DEVICE_FILTERS,
  DeviceDetails,
  DeviceView,
  filtersOf,
  toDeviceDetails,
} from './fleet-views.ts';

const closed = { additionalProperties: false } as const;
const Name = Type.Object(
  { id: Type.String({ maxLength: 128, description: 'Id, endpoint key or serial.' }) },
  closed,
);
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) }, closed);

/** What an account decides of a device of its own, by the path's end. */
const MOVES = { quarantine: 'quarantined', release: 'rejoined', retire: 'retired' } as const;

/** An account's devices: listed, exported, shown, held back, taken back, retired. */
export function fleetRoutes(app: App, service: Service): void {
  const { store } = service;
  const config = { access: 'devices:read' } as const;
  const tags = ['fleet'];
  app.get(
    '/v1/devices',
    {
      config,
      schema: {
        tags,
        description:
          'By serial, or by index with `lotId`. With `Accept: text/csv` or `application/x-ndjson` all of them as a stream.',
        querystring: Type.Object({ ...PAGE_QUERY, ...DEVICE_FILTERS }, closed),
        response: { 200: pageOf(DeviceView) },
      },
    },
    async (request, reply) => {
      const query = filtersOf(request.query);
      const type = exportType(request);
      if (type === undefined) return fleetPage(service, { request, reply }, query);
      const member = memberOf(request);
      const narrowed = { ...query, station: stationOf(member, 'devices:read') };
      const { accountId } = member;
      return sendExport(reply, store.reader, { type, accountId, query: narrowed });
    },
  );
  app.get(
    '/v1/devices/:id',
    { config, schema: { tags, params: Name, response: { 200: DeviceDetails } } },
    async (request, reply) => {
      const { view, version } = await details(store.reader, request);
      sendVersion(reply, version);
      return view;
    },
  );
  for (const [verb, move] of Object.entries(MOVES)) {
    app.post(
      `/v1/devices/:id/${verb}`,
      {
        config: { access: 'devices:control' },
        schema: { tags, params: Id, response: { 200: DeviceDetails } },
      },
      (request, reply) =>
        app.repeatable.answer(request, reply, async (change) => {
          const { accountId } = memberOf(request);
          const where = { accountId, id: request.params.id, version: versionToMatch(request) };
          await moveDevice(change, where, move);
          const { view, version } = await details(change.db, request);
          return { status: 200, body: view, headers: { etag: `"${version}"` } };
        }),
    );
  }
}

async function details(
  db: Reader,
  request: Parameters<typeof memberOf>[0] & { readonly params: { readonly id: string } },
) {
  const member = memberOf(request);
  const device = await needFleetDevice(db, member.accountId, request.params.id, {
    station: stationOf(member, 'devices:read'),
  });
  const custody = await custodyOf(db, device.id);
  const view = toDeviceDetails(device, { custody, hasAttributes: seesPersonalData(member) });
  return { view, version: device.version };
}

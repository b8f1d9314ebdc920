import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FleetDevice as ShownDevice } from '../../registry/fleet.ts';
import { memberOf, stationOf } from '../auth/caller.ts';
import { readPage, sendPage } from '../http/page.ts';
import type { Service } from '../service.ts';
import { listDevices } from '../store/device-query.ts';
import type { DeviceQuery } from '../store/device-query.ts';
import { toDeviceView } from './fleet-views.ts';

/** A page of the account's devices that fit, by serial, or by index where a lot is asked for. */
export async function fleetPage(
  { store, masterKey }: Service,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  asks: DeviceQuery,
): Promise<{ items: ShownDevice[]; next?: string }> {
  const member = memberOf(request);
  const { accountId } = member;
  const query = { ...asks, station: stationOf(member, 'devices:read') };
  // With the form of its key, so that a cursor that an earlier keyline gave begins again instead of failing.
  const scope = { accountId, filters: { ...query, key: 'serial, lotIndex' } };
  const { limit, after } = readPage(masterKey, request, scope);
  const [serial, lotIndex] = after ?? [];
  const last = after && { serial: String(serial), lotIndex: Number(lotIndex) };
  const rows = await listDevices(
    store.reader,
    { accountId, query },
    { limit: limit + 1, after: last },
  );
  const context = { masterKey, request, reply, scope };
  const page = sendPage(context, { limit, rows }, (row) => [row.serial, row.lotIndex]);
  return { ...page, items: page.items.map(toDeviceView) };
}

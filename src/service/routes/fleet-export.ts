import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { csvText } from '../../manifest/csv-field.ts';
import type { FleetDevice as ShownDevice } from '../../registry/fleet.ts';
import { scanDevices } from '../store/device-query.ts';
import type { DeviceQuery, FleetDevice } from '../store/device-query.ts';
import type { Reader } from '../store/store.ts';
import { toDeviceView } from './fleet-views.ts';

/** What a list of devices is sent as, beside JSON. */
const FORMATS = { 'text/csv': csv, 'application/x-ndjson': ndjson } as const;
type ExportType = keyof typeof FORMATS;

const COLUMNS = [
  ...['id', 'serial', 'endpointKey', 'provisioningKey', 'lotId', 'lotIndex', 'model'],
  ...['provisioning', 'enrollment', 'escrow', 'transferId', 'mark', 'hardwareId', 'firmware'],
  ...['lastSeenAt', 'createdAt'],
] as (keyof ShownDevice)[];
const BATCH = 1_000;

/** The first of the types in Accept that a list can be exported as, or undefined. */
export function exportType({ headers }: FastifyRequest): ExportType | undefined {
  const asked = (headers.accept ?? '').split(',').map((one) => one.split(';')[0]?.trim());
  return asked.find((type): type is ExportType => type !== undefined && type in FORMATS);
}

/**
 * Sends all devices that fit, a thousand at a time and no faster than they are read. One that fails on its
 * way ends the connection, so that nobody takes a part for the whole.
 */
export async function sendExport(
  reply: FastifyReply,
  db: Reader,
  what: {
    readonly type: ExportType;
    readonly accountId: string;
    readonly query: DeviceQuery;
  },
): Promise<void> {
  const text = FORMATS[what.type](scanDevices(db, what, { batch: BATCH }));
  await reply.type(`${what.type}; charset=utf-8`).send(Readable.from(text, { objectMode: true }));
}

async function* ndjson(batches: AsyncIterable<FleetDevice[]>): AsyncGenerator<string> {
  for await (const batch of batches) {
    yield batch.map((device) => `${JSON.stringify(toDeviceView(device))}\n`).join('');
  }
}

/** RFC 4180, with a line feed at a line's end; the columns are named in snake case, as in manifests. */
async function* csv(batches: AsyncIterable<FleetDevice[]>): AsyncGenerator<string> {
  const names = COLUMNS.map((name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
  yield `${names.join(',')}\n`;
  for await (const batch of batches) {
    yield batch.map((device) => `${csvRow(toDeviceView(device))}\n`).join('');
  }
}

function csvRow(view: ShownDevice): string {
  return COLUMNS.map((name) => csvText(String(view[name] ?? ''))).join(',');
}

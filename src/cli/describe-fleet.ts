import type { ExportColumn } from '../job/export-rows.ts';
import type { MovedDevice } from '../job/move-devices.ts';
import { printable } from '../kernel/printable.ts';
import { ESCROW_STATES } from '../model/escrow.ts';
import type { EscrowCounts } from '../model/escrow.ts';
import type { FleetDevice, FleetDeviceDetails } from '../registry/fleet.ts';
import type { RegistryEvent } from '../registry/fleet.ts';
import { grouped } from './progress.ts';
import { facts, table } from './table.ts';
import type { TableColumn } from './table.ts';

const FAILED: TableColumn<MovedDevice> = {
  ...{ title: 'failed', value: ({ error }) => error?.message ?? '' },
};

/** Devices below each other. */
export function tabulateDevices(devices: readonly FleetDevice[]): string {
  return table(devices, [
    { title: 'serial', value: ({ serial }) => printable(serial) },
    { title: 'model', value: ({ model }) => printable(model ?? '') },
    { title: 'built', value: ({ provisioning }) => provisioning },
    { title: 'enrollment', value: ({ enrollment }) => enrollment },
    { title: 'escrow', value: ({ escrow }) => escrow },
    { title: 'seen', value: ({ lastSeenAt }) => lastSeenAt?.slice(0, 10) ?? '' },
    { title: 'mark', value: ({ mark }) => printable(mark ?? '') },
  ]);
}

/** One device for a person. */
export function describeDevice(device: FleetDevice & Partial<FleetDeviceDetails>): string {
  const { attributes = {}, custody = [], configured, acknowledged } = device;
  const text = (value: string | undefined): string | undefined => value && printable(value);
  return facts([
    ['device', device.id],
    ['serial', text(device.serial)],
    ['endpoint key', device.endpointKey],
    ['key', device.provisioningKey],
    ['scheme', device.scheme],
    ['lot', `${device.lotId}, unit ${grouped(device.lotIndex)}`],
    ['model', text(device.model)],
    ['built', device.provisioning],
    ['enrollment', device.enrollment],
    ['escrow', device.escrow],
    ['offered by', device.transferId],
    ['mark', text(device.mark)],
    ['hardware id', text(device.hardwareId)],
    ['firmware', text(device.firmware)],
    ['seen', device.lastSeenAt],
    ['registered', device.createdAt],
    ...Object.entries(attributes).map(([name, value]) => [`  ${name}`, printable(value)] as const),
    ...custody.map(
      ({ step, from, to, at }) => [`custody ${step}`, `from ${from} to ${to}, ${at}`] as const,
    ),
    ['configured', configured && versionText(configured)],
    ['acknowledged', acknowledged && versionText(acknowledged)],
  ]);
}

/** How many devices are in each escrow state, those of which there are some; undefined for none at all. */
export function describeCounts(counts: EscrowCounts): string | undefined {
  const states = ESCROW_STATES.filter((state) => counts[state] > 0);
  if (states.length === 0) return undefined;
  return facts(states.map((state) => [state, grouped(counts[state])]));
}

/** What became of each device, those that could not be moved with why. */
export function tabulateMoved(
  moved: readonly MovedDevice[],
  stateOf: (device: FleetDevice) => string,
): string {
  const hasFailed = moved.some(({ error }) => error);
  return table(moved, [
    { title: 'device', value: ({ name, device }) => printable(device?.serial ?? name) },
    { title: 'is', value: ({ device }) => (device ? stateOf(device) : '-') },
    ...(hasFailed ? [FAILED] : []),
  ]);
}

/** One event on a line. */
export function describeEvent({ id, at, type, subject, data }: RegistryEvent): string {
  const more = Object.entries(data).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return printable([id, at, type, subject, ...more].join(' '));
}

/** What an export has of each device. */
export const DEVICE_COLUMNS: readonly ExportColumn<FleetDevice>[] = [
  { name: 'serial', value: ({ serial }) => serial },
  { name: 'endpoint_key', value: ({ endpointKey }) => endpointKey },
  { name: 'device', value: ({ id }) => id },
  { name: 'lot', value: ({ lotId }) => lotId },
  { name: 'index', value: ({ lotIndex }) => lotIndex },
  { name: 'model', value: ({ model }) => model, isText: true },
  { name: 'provisioning', value: ({ provisioning }) => provisioning },
  { name: 'enrollment', value: ({ enrollment }) => enrollment },
  { name: 'escrow', value: ({ escrow }) => escrow },
  { name: 'transfer', value: ({ transferId }) => transferId },
  { name: 'mark', value: ({ mark }) => mark },
  { name: 'hardware_id', value: ({ hardwareId }) => hardwareId, isText: true },
  { name: 'firmware', value: ({ firmware }) => firmware, isText: true },
  { name: 'last_seen_at', value: ({ lastSeenAt }) => lastSeenAt },
  { name: 'created_at', value: ({ createdAt }) => createdAt },
];

function versionText({
  step,
  version,
}: {
  readonly step: number;
  readonly version: number;
}): string {
  return `version ${version} of custody step ${step}`;
}

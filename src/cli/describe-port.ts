import type { PortChange, PortReport } from '../job/list-ports.ts';
import { table } from './table.ts';
import type { TableColumn } from './table.ts';

/** Ports as a table; the jig slot only where there is one. */
export function tabulatePorts(ports: readonly PortReport[]): string {
  const columns: TableColumn<PortReport>[] = [
    { title: 'port', value: (port) => port.path },
    { title: 'VID:PID', value: usbId },
    { title: 'serial number', value: (port) => port.serialNumber ?? '-' },
    { title: 'location', value: (port) => port.location ?? '-' },
    { title: 'manufacturer', value: (port) => port.manufacturer ?? '-' },
  ];
  const hasSlots = ports.some((port) => port.slot !== undefined);
  const slot = { title: 'slot', value: (port: PortReport) => port.slot ?? '-' };
  return table(ports, hasSlots ? [slot, ...columns] : columns);
}

/** One line for a port that came (`+`) or went (`-`). */
export function portLine({ type, port }: PortChange): string {
  const parts = [
    type === 'appeared' ? '+' : '-',
    port.path,
    usbId(port),
    port.serialNumber,
    port.location,
    port.slot === undefined ? undefined : `slot ${port.slot}`,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

function usbId({ vendorId, productId }: PortReport): string {
  return vendorId === undefined ? '-' : `${vendorId}:${productId ?? '-'}`;
}

import { listLinuxPorts } from './linux-ports.ts';
import type { PortInfo } from './port-info.ts';

/**
 * The serial ports of this machine, by path. Pseudo-terminals and network ports are never among them.
 * On Linux read from the kernel, elsewhere by the serial library.
 */
export async function listPorts(): Promise<readonly PortInfo[]> {
  if (process.platform === 'linux') return listLinuxPorts();
  const { SerialPort } = await import('serialport');
  return (await SerialPort.list()).map((port) => ({
    path: port.path,
    vendorId: port.vendorId?.toLowerCase(),
    productId: port.productId?.toLowerCase(),
    serialNumber: port.serialNumber,
    location: port.locationId,
    manufacturer: port.manufacturer,
  }));
}

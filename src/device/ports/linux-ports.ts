import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PortInfo } from './port-info.ts';

/**
 * The serial ports that Linux shows under /sys/class/tty: those with a device behind them, by path.
 * Read without a program to start, unlike the serial library's list, and with the place on the bus.
 */
export async function listLinuxPorts(sysfs = '/sys'): Promise<PortInfo[]> {
  const folder = join(sysfs, 'class/tty');
  const ports: PortInfo[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    // A port may be unplugged between any two of these reads.
    const device = await realpath(join(folder, name, 'device')).catch(() => undefined);
    if (device === undefined || (await isEmptySocket(join(folder, name)))) continue;
    ports.push({ path: `/dev/${name}`, ...(await describe(device, sysfs)) });
  }
  return ports.sort((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }));
}

/** The kernel makes /dev/ttyS0 to ttyS3 for chips that are not there; their type is 0, unknown. */
async function isEmptySocket(tty: string): Promise<boolean> {
  return (await attribute(tty, 'type')) === '0';
}

type Description = Omit<PortInfo, 'path'>;

/** Walks up from the interface to the USB device that it belongs to. */
async function describe(device: string, sysfs: string): Promise<Description> {
  const end = await realpath(sysfs);
  for (let at = device; at !== end && at !== dirname(at); at = dirname(at)) {
    const vendorId = await attribute(at, 'idVendor');
    if (vendorId === undefined) continue;
    return {
      vendorId: vendorId.toLowerCase(),
      productId: (await attribute(at, 'idProduct'))?.toLowerCase(),
      serialNumber: await attribute(at, 'serial'),
      location: basename(at),
      manufacturer: await attribute(at, 'manufacturer'),
    };
  }
  return {
    vendorId: undefined,
    productId: undefined,
    serialNumber: undefined,
    location: undefined,
    manufacturer: undefined,
  };
}

async function attribute(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listLinuxPorts } from '../../../src/device/ports/linux-ports.ts';
import { portMatches } from '../../../src/device/ports/port-info.ts';
import type { PortFilter, PortInfo } from '../../../src/device/ports/port-info.ts';
import { watchPorts } from '../../../src/device/ports/watch-ports.ts';

const port = (path: string, more: Partial<PortInfo> = {}): PortInfo => ({
  path,
  vendorId: undefined,
  productId: undefined,
  serialNumber: undefined,
  location: undefined,
  manufacturer: undefined,
  ...more,
});
const bridge = port('/dev/ttyUSB0', {
  vendorId: '10c4',
  productId: 'ea60',
  serialNumber: '0001',
  location: '1-1.4',
});

describe('on Linux', () => {
  let sysfs: string;
  beforeEach(async () => {
    sysfs = await mkdtemp(join(tmpdir(), 'keyline-sysfs-'));
  });
  afterEach(async () => {
    await rm(sysfs, { recursive: true });
  });

  async function put(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(sysfs, path)), { recursive: true });
    await writeFile(join(sysfs, path), `${text}\n`);
  }

  async function tty(name: string, device?: string): Promise<void> {
    await mkdir(join(sysfs, 'class/tty', name), { recursive: true });
    if (device === undefined) return;
    await mkdir(join(sysfs, device), { recursive: true });
    await symlink(join(sysfs, device), join(sysfs, 'class/tty', name, 'device'));
  }

  test('ports have the USB ids, the serial number and the place of their device', async () => {
    // As a CP2102 behind a hub and a CDC ACM board show in /sys of Linux 6.
    const hub = 'devices/pci0000:00/0000:00:14.0/usb1/1-1';
    await put(`${hub}/idVendor`, '05e3');
    await put(`${hub}/1-1.4/idVendor`, '10C4');
    await put(`${hub}/1-1.4/idProduct`, 'ea60');
    await put(`${hub}/1-1.4/serial`, '0001');
    await put(`${hub}/1-1.4/manufacturer`, 'Silicon Labs');
    await tty('ttyUSB10', `${hub}/1-1.4/1-1.4:1.0/ttyUSB10`);
    await put(`${hub}/1-1.2/idVendor`, '1915');
    await put(`${hub}/1-1.2/idProduct`, '520f');
    await tty('ttyUSB9', `${hub}/1-1.2/1-1.2:1.0`);
    expect(await listLinuxPorts(sysfs)).toEqual([
      port('/dev/ttyUSB9', { vendorId: '1915', productId: '520f', location: '1-1.2' }),
      port('/dev/ttyUSB10', {
        vendorId: '10c4',
        productId: 'ea60',
        serialNumber: '0001',
        location: '1-1.4',
        manufacturer: 'Silicon Labs',
      }),
    ]);
  });

  test('terminals without a device and sockets without a chip are no ports', async () => {
    await tty('tty1');
    await tty('ttyS0', 'devices/platform/serial8250/tty/ttyS0');
    await put('class/tty/ttyS0/type', '4');
    await tty('ttyS1', 'devices/platform/serial8250/tty/ttyS1');
    await put('class/tty/ttyS1/type', '0');
    expect(await listLinuxPorts(sysfs)).toEqual([port('/dev/ttyS0')]);
  });

  test('a machine without ports has none', async () => {
    expect(await listLinuxPorts(join(sysfs, 'absent'))).toEqual([]);
  });
});

describe('a filter', () => {
  test.each<[PortFilter, boolean]>([
    [{}, true],
    [{ vendorId: '10C4', productId: '0xea60' }, true],
    [{ vendorId: '0403' }, false],
    [{ serialNumber: '0001' }, true],
    [{ serialNumber: '001' }, false],
    [{ location: '1-1.4' }, true],
    [{ location: '1-1' }, false],
    [{ path: '/dev/ttyUSB*' }, true],
    [{ path: '/dev/tty?SB0' }, true],
    [{ path: '/dev/ttyUSB' }, false],
    [{ path: '/dev/ttyUSB.' }, false],
    [{ path: '/dev/ttyUSB*', vendorId: '0403' }, false],
  ])('%j fits: %s', (filter, fits) => {
    expect(portMatches(bridge, filter)).toBe(fits);
  });

  test('takes a port of the machine itself only by its full path', () => {
    const console = port('/dev/ttyS0');
    expect(portMatches(console, {})).toBe(false);
    expect(portMatches(console, { path: '/dev/tty*' })).toBe(false);
    expect(portMatches(console, { path: '/dev/ttyS0' })).toBe(true);
  });
});

test('a watch tells what is there, what comes and what goes, and ends when aborted', async () => {
  const other = { ...bridge, serialNumber: '0002' };
  const looks = [[bridge], [bridge, port('/dev/ttyACM0')], [other, port('/dev/ttyACM0')], []];
  const controller = new AbortController();
  const events: string[] = [];
  const watch = watchPorts(controller.signal, {
    list: () => Promise.resolve(looks.shift() ?? []),
    pause: () => {
      events.push('look');
      if (looks.length === 0) controller.abort();
      return Promise.resolve();
    },
  });
  for await (const event of watch) {
    events.push(`${event.type} ${event.port.path} ${event.port.serialNumber ?? ''}`.trim());
  }
  expect(events).toEqual([
    'appeared /dev/ttyUSB0 0001',
    'look',
    'appeared /dev/ttyACM0',
    'look',
    'gone /dev/ttyUSB0 0001',
    'appeared /dev/ttyUSB0 0002',
    'look',
    'gone /dev/ttyUSB0 0002',
    'gone /dev/ttyACM0',
    'look',
  ]);
});

import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryDevice } from '../../../src/device/ports/memory-port.ts';
import { openPort } from '../../../src/device/ports/open-port.ts';
import { serialOpenError } from '../../../src/device/ports/serial-error.ts';
import { ptyRig } from './pty-rig.ts';

const refused = (code: string, exitCode: number): Error =>
  expect.objectContaining({ code, exitCode }) as Error;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-port-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('a path', () => {
  test('with nothing there is missing', async () => {
    const address = { kind: 'serial', path: join(folder, 'absent') } as const;
    await expect(openPort(address, { baudRate: 9600 })).rejects.toThrow(refused('port-missing', 4));
  });

  test.each(['file', ''])('of a file or a folder is no serial port', async (name) => {
    const address = { kind: 'serial', path: join(folder, name) } as const;
    await expect(openPort(address, { baudRate: 9600 })).rejects.toThrow(
      refused('port-not-serial', 4),
    );
  });

  test('of another kind of device is no serial port', async () => {
    const address = { kind: 'serial', path: '/dev/null' } as const;
    await expect(openPort(address, { baudRate: 9600 })).rejects.toThrow(
      refused('port-not-serial', 4),
    );
  });

  test('may be a link to a serial port', async () => {
    const rig = await ptyRig();
    await using port = await rig.open();
    const path = join(folder, 'link');
    await symlink(port.address.replace('serial:', ''), path);
    await port[Symbol.asyncDispose]();
    await using linked = await openPort({ kind: 'serial', path }, { baudRate: 9600 });
    expect(linked.address).toBe(`serial:${path}`);
    await linked[Symbol.asyncDispose]();
    await rig.dispose();
  });
});

test.each([-1, 0, 49, 115_200.5, 12_000_001, Number.NaN])(
  'the baud rate %d is refused before anything is opened',
  async (baudRate) => {
    for (const address of [
      { kind: 'serial', path: join(folder, 'absent') },
      { kind: 'rfc2217', host: 'host.invalid', port: 1 },
    ] as const) {
      await expect(openPort(address, { baudRate })).rejects.toThrow(refused('invalid-port', 2));
    }
  },
);

test('a terminal server that is not there is a missing port', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  for (const kind of ['tcp', 'rfc2217'] as const) {
    await expect(openPort({ kind, host: '127.0.0.1', port }, { baudRate: 9600 })).rejects.toThrow(
      refused('port-missing', 4),
    );
  }
});

test('opening stops when it is aborted', async () => {
  const address = { kind: 'tcp', host: '127.0.0.1', port: 9 } as const;
  const opening = openPort(address, { baudRate: 9600, signal: AbortSignal.abort() });
  await expect(opening).rejects.toThrow(refused('interrupted', 130));
});

test('a port in memory opens only where the caller has one', async () => {
  const address = { kind: 'memory', name: 'device' } as const;
  await expect(openPort(address, { baudRate: 9600 })).rejects.toThrow(refused('invalid-port', 2));
  const device = new MemoryDevice();
  await using port = await openPort(address, { baudRate: 9600, memory: () => device.open() });
  expect(port.address).toBe('memory:device');
});

// Each message as the library gave it on Linux (serialport 13.0.0), macOS's and Windows' from its source.
test.each([
  ['Error: No such file or directory, cannot open /dev/x', 'port-missing'],
  ['Error: No such device or address, cannot open /dev/x', 'port-missing'],
  ['Error: No such device, cannot open /dev/x', 'port-missing'],
  ['Error: Input/output error setting custom baud rate of 115200', 'port-missing'],
  ['Opening COM9: File not found', 'port-missing'],
  ['Error Resource temporarily unavailable Cannot lock port', 'port-busy'],
  ['Error: Device or resource busy, cannot open /dev/x', 'port-busy'],
  ['Opening COM9: Access denied', 'port-busy'],
  ['Error: Inappropriate ioctl for device setting custom baud rate of 115200', 'port-not-serial'],
  ['Error: Is a directory, cannot open /dev/x', 'port-not-serial'],
  ['Error: Permission denied, cannot open /dev/x', 'port-unusable'],
  ['Error: Too many open files, cannot open /dev/x', 'port-unusable'],
])('%j is said as %s', (message, code) => {
  const error = serialOpenError('/dev/x', message);
  expect(error).toEqual(refused(code, 4));
  expect(error.message).toContain('/dev/x');
  expect(error.hint).not.toBe('');
});

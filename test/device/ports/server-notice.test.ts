import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ServerNotice } from '../../../src/device/ports/server-notice.ts';
import { openPort } from '../../../src/device/ports/open-port.ts';
import { openTcpPort } from '../../../src/device/ports/tcp-port.ts';
import { serveOneClient } from './tcp-rig.ts';

const verdictOf = (...chunks: string[]): string => {
  const notice = new ServerNotice();
  for (const chunk of chunks) notice.see(Buffer.from(chunk));
  return notice.verdict;
};

test('the notice is known however it is cut', () => {
  expect(verdictOf('Port already in use\r\n')).toBe('busy');
  expect(verdictOf('\r\nPort alr', 'eady in use')).toBe('busy');
});

test('a device that begins alike, or says it later, is a device', () => {
  expect(verdictOf('Port 3 up')).toBe('device');
  expect(verdictOf('=> Port already in use')).toBe('device');
  expect(verdictOf('Po')).toBe('unknown');
});

test('a device that the server cannot open is told apart from one that is in use', () => {
  expect(verdictOf('Device open failure: Value or file not found\r\n')).toBe('no-device');
  expect(verdictOf("Port's device failed open\r\n")).toBe('no-device');
  expect(verdictOf("Port's device already in use\r\n")).toBe('busy');
});

describe.each(['tcp', 'rfc2217'] as const)('%s, a server that refuses', (kind) => {
  const opening = async (onClient: (socket: Socket) => void): Promise<unknown> => {
    const server = await serveOneClient(onClient);
    const address = { kind, host: '127.0.0.1', port: server.port } as const;
    try {
      return await openPort(address, { baudRate: 9600 }).catch((error: unknown) => error);
    } finally {
      await server.close();
    }
  };

  test('without a word has another client', async () => {
    const error = await opening((socket) => socket.end());
    expect(error).toMatchObject({ code: 'port-busy' });
  });

  test('because its device is gone is a port that is missing', async () => {
    const error = await opening((socket) => socket.end('Device open failure: not found\r\n'));
    expect(error).toMatchObject({ code: 'port-missing' });
  });

  test('is heard out before anything is sent to it', async () => {
    // What comes to a socket that was closed resets it, and what it had said is lost.
    const error = await opening((socket) => {
      socket.on('data', () => socket.resetAndDestroy());
      setTimeout(() => socket.end('Port already in use\r\n'), 10);
    });
    const message = expect.stringMatching(/in use/) as string;
    expect(error).toMatchObject({ code: 'port-busy', message });
  });
});

test('a notice that comes late is a failure of the unit, never data', async () => {
  const server = await serveOneClient(() => undefined);
  const address = { kind: 'tcp', host: '127.0.0.1', port: server.port } as const;
  await using port = await openTcpPort(address, { timeoutMs: 5_000, refusalMs: 0 });
  const client = await server.client();
  client.end('Port already in use\r\n');
  const busy = expect.objectContaining({ code: 'port-busy', name: 'DeviceFailure' }) as Error;
  await expect(port.read({ timeoutMs: 60_000 })).rejects.toThrow(busy);
  await expect(port.write(Buffer.from('x'))).rejects.toThrow(busy);
  await port[Symbol.asyncDispose]();
  await server.close();
});

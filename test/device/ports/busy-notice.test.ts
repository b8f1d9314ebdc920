import { expect, test } from 'vitest';
import { BusyNotice } from '../../../src/device/ports/busy-notice.ts';
import { openTcpPort } from '../../../src/device/ports/tcp-port.ts';
import { serveOneClient } from './tcp-rig.ts';

const verdictOf = (...chunks: string[]): string => {
  const notice = new BusyNotice();
  for (const chunk of chunks) notice.see(Buffer.from(chunk));
  return notice.verdict;
};

test('the notice is known however it is cut', () => {
  expect(verdictOf('Port already in use\r\n')).toBe('busy');
  expect(verdictOf('\r\nPort alr', 'eady in use')).toBe('busy');
});

test('a device that begins alike, or says it later, is a device', () => {
  expect(verdictOf('Port 3 up')).toBe('free');
  expect(verdictOf('=> Port already in use')).toBe('free');
  expect(verdictOf('Po')).toBe('unknown');
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

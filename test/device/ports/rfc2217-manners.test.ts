import { expect, test } from 'vitest';
import { openPort } from '../../../src/device/ports/open-port.ts';
import type { Port } from '../../../src/device/ports/port.ts';
import { rfc2217Rig } from './rfc2217-rig.ts';
import type { Rfc2217Server, ServerManners } from './rfc2217-server.ts';
import { until } from './rig.ts';

const refused = (code: string): Error => expect.objectContaining({ code, exitCode: 4 }) as Error;

async function withPort(
  manners: ServerManners,
  body: (port: Port, server: Rfc2217Server) => Promise<void>,
): Promise<void> {
  const rig = await rfc2217Rig(manners);
  try {
    await using port = await rig.open();
    await body(port, rig.server);
  } finally {
    await rig.dispose();
  }
}

/** Once the server has read a write, it has read all that was sent before. */
async function sync(port: Port, server: Rfc2217Server): Promise<void> {
  await port.write(Buffer.from('.'));
  await server.inbox.take(1);
}

test('opening sets rate, 8N1 and no flow control, asks for modem states and purges', () =>
  withPort({}, async (port, server) => {
    await sync(port, server);
    expect(server.commands).toEqual([
      [1, 0, 1, 0xc2, 0],
      [2, 8],
      [3, 1],
      [4, 1],
      [5, 1],
      [11, 255],
      [12, 3],
    ]);
    expect(port.bitsPerSecond).toBe(115_200);
  }));

test('both ends agree on options without a loop', () =>
  withPort({}, async (port, server) => {
    // Asked for again what is agreed, and for what nobody wants (NAWS, 31): one answer in all.
    const before = server.verbs.length;
    await server.raw([255, 253, 0, 255, 251, 0, 255, 253, 31, 255, 251, 31]);
    await until(() => server.verbs.length >= before + 2);
    await sync(port, server);
    expect(server.verbs.slice(before)).toEqual(['252 31', '254 31']);
  }));

test('DTR, RTS and break are set by commands', () =>
  withPort({}, async (port, server) => {
    const before = server.commands.length;
    await port.setLines({ dtr: false, rts: true });
    await port.setLines({ brk: true });
    await port.setLines({ brk: false, dtr: true, rts: false });
    expect(server.commands.slice(before).filter(([command]) => command === 5)).toEqual(
      [9, 11, 5, 8, 12, 6].map((value) => [5, value]),
    );
  }));

test('the device’s lines are known once the server told them', () =>
  withPort({}, async (port, server) => {
    expect(await port.lines()).toBeUndefined();
    await server.raw([255, 250, 44, 107, 0x90, 255, 240, 65]);
    await port.read({ timeoutMs: 60_000 });
    expect(await port.lines()).toEqual({ dcd: true, cts: true, dsr: false });
  }));

test('nothing is sent while the server has suspended the flow', () =>
  withPort({}, async (port, server) => {
    await sync(port, server);
    await server.raw([255, 250, 44, 108, 255, 240, 65]);
    await port.read({ timeoutMs: 60_000 });
    const seen: string[] = [];
    const writing = port.write(Buffer.from('x')).then(() => seen.push('written'));
    port.discardInput();
    await until(() => server.commands.at(-1)?.join() === '12,1');
    seen.push('resumed');
    await server.raw([255, 250, 44, 109, 255, 240]);
    await writing;
    expect(seen).toEqual(['resumed', 'written']);
    expect((await server.inbox.take(1)).toString()).toBe('x');
  }));

test('unread input is purged at the server as well', () =>
  withPort({}, async (port, server) => {
    port.discardInput();
    await sync(port, server);
    expect(server.commands.at(-1)).toEqual([12, 1]);
  }));

test('every byte value survives a server that refuses the binary option', () =>
  withPort({ refusesBinary: true }, async (port, server) => {
    const everyByte = Buffer.from(Array.from({ length: 512 }, (_, at) => (at * 13) % 256));
    await port.write(everyByte);
    expect((await server.inbox.take(512)).equals(everyByte)).toBe(true);
    await server.send(everyByte);
    const read: Uint8Array[] = [];
    while (Buffer.concat(read).length < 512) {
      read.push((await port.read({ timeoutMs: 60_000 })) ?? new Uint8Array());
    }
    expect(Buffer.concat(read).equals(everyByte)).toBe(true);
  }));

test('a server that refuses the option is no serial port', async () => {
  const rig = await rfc2217Rig({ refusesComPort: true });
  await expect(rig.open()).rejects.toThrow(refused('port-not-serial'));
  await rig.dispose();
});

test('a server that runs at another rate than it was asked for is not used', async () => {
  const rig = await rfc2217Rig({ fixedRate: 9600 });
  await expect(rig.open()).rejects.toThrow(refused('port-unusable'));
  await rig.dispose();
});

test('a server that says nothing of RFC 2217 is no serial port, at the deadline', async () => {
  const rig = await rfc2217Rig({ isMute: true });
  const address = { kind: 'rfc2217', host: '127.0.0.1', port: rig.server.server.port } as const;
  await expect(openPort(address, { baudRate: 9600, timeoutMs: 20 })).rejects.toThrow(
    refused('port-not-serial'),
  );
  await rig.dispose();
});

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { openTcpPort } from '../../../src/device/ports/tcp-port.ts';
import { Inbox } from './rig.ts';
import type { Rig } from './rig.ts';

/** A server for one client at a time on a free port of this machine. */
export interface OneClientServer {
  readonly port: number;
  client(): Promise<Socket>;
  unplug(): void;
  close(): Promise<void>;
}

/** Serves its first client; tells the second, as ser2net does, that the port is in use. */
export async function serveOneClient(
  onClient: (socket: Socket) => void,
  onSecond: (socket: Socket) => void = (socket) => socket.end('Port already in use\r\n'),
): Promise<OneClientServer> {
  let client: Socket | undefined;
  let found: (socket: Socket) => void = () => undefined;
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    if (client) {
      onSecond(socket.resume());
      return;
    }
    client = socket;
    socket.once('close', () => {
      client = undefined;
    });
    onClient(socket);
    found(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    client: async () =>
      client ??
      (await new Promise<Socket>((resolve) => {
        found = resolve;
      })),
    unplug: () => {
      client?.resetAndDestroy();
      server.close();
    },
    close: async () => {
      client?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A terminal server's raw port, the device behind it. */
export async function tcpRig(): Promise<Rig> {
  const inbox = new Inbox();
  const server = await serveOneClient((socket) => {
    socket.on('data', (bytes) => {
      inbox.push(bytes);
    });
  });
  const client = (): Promise<Socket> => server.client();
  return {
    // The notice settles the wait early; all others wait it out.
    open: () =>
      openTcpPort(
        { kind: 'tcp', host: '127.0.0.1', port: server.port },
        { timeoutMs: 5_000, refusalMs: 100 },
      ),
    send: async (bytes) => {
      const socket = await client();
      await new Promise((resolve) => socket.write(bytes, resolve));
    },
    take: (count) => inbox.take(count),
    block: () => {
      void client().then((socket) => socket.pause());
    },
    unplug: () => {
      server.unplug();
    },
    dispose: () => server.close(),
  };
}

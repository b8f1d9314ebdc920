import { openPort } from '../../../src/device/ports/open-port.ts';
import type { Rig } from './rig.ts';
import { Rfc2217Server } from './rfc2217-server.ts';
import type { ServerManners } from './rfc2217-server.ts';

/** A terminal server's RFC 2217 port, the device behind it. */
export async function rfc2217Rig(
  manners: ServerManners = {},
): Promise<Rig & { readonly server: Rfc2217Server }> {
  const server = new Rfc2217Server(manners);
  const port = await server.listen();
  return {
    server,
    open: () => openPort({ kind: 'rfc2217', host: '127.0.0.1', port }, { baudRate: 115_200 }),
    send: (bytes) => server.send(bytes),
    take: (count) => server.inbox.take(count),
    block: () => {
      void server.server.client().then((socket) => socket.pause());
    },
    unplug: () => {
      server.server.unplug();
    },
    dispose: () => server.server.close(),
  };
}

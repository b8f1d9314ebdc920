import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import type { DeviceLine, LineListener } from './device-line.ts';

const HOST = '127.0.0.1';
/** A client that takes nothing loses what comes, as on a wire. */
const MOST_UNSENT_BYTES = 64 * 1024;

/** Serves a device on a TCP port of this machine, to one client at a time; 0 takes any free port. Throws `port-busy`. */
export async function openTcpLine(
  listener: LineListener,
  options: { readonly port: number },
): Promise<DeviceLine & { readonly port: number }> {
  let client: Socket | undefined;
  const server = createServer((socket) => {
    // Errors of a client that went away; `close` follows.
    socket.on('error', () => undefined);
    if (client) {
      socket.end('Port already in use\r\n');
      return;
    }
    client = socket.setNoDelay(true);
    socket.on('data', listener);
    socket.on('close', () => {
      client = undefined;
    });
  });
  const port = await listen(server, options.port);
  return {
    address: `tcp://${HOST}:${port}`,
    port,
    send: (bytes) => {
      if (client && client.writableLength < MOST_UNSENT_BYTES) client.write(Buffer.from(bytes));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        client?.destroy();
      }),
  };
}

function listen(server: Server, wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        isErrno(error, 'EADDRINUSE')
          ? new KeylineError('port-busy', {
              message: `another program listens on ${HOST}:${wanted}`,
              facts: { port: `tcp://${HOST}:${wanted}` },
            })
          : error,
      );
    });
    server.listen(wanted, HOST, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : wanted);
    });
  });
}

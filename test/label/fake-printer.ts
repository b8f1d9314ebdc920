import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A raw printer port on this machine. */
export interface FakePrinter extends AsyncDisposable {
  readonly port: number;
  /** `tcp://127.0.0.1:PORT`. */
  readonly address: string;
  /** What each connection has sent, once it has ended. */
  readonly jobs: string[];
  /** Resolves when so many jobs have ended. */
  done(count: number): Promise<void>;
  /** What the next connections get: a printer that reads, never reads, hangs up at once, or after so many bytes. */
  behaviour: 'reads' | 'never reads' | 'hangs up' | { readonly after: number };
}

/** Starts one; each connection is a job. */
export async function startPrinter(): Promise<FakePrinter> {
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const { behaviour } = printer;
    if (behaviour === 'never reads') return;
    if (behaviour === 'hangs up') {
      socket.destroy();
      return;
    }
    let job = '';
    socket.on('data', (chunk) => {
      job += chunk.toString();
      if (typeof behaviour === 'object' && job.length >= behaviour.after) socket.resetAndDestroy();
    });
    socket.on('end', () => {
      printer.jobs.push(job);
      for (const wake of waiting) wake();
    });
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const printer: FakePrinter = {
    port,
    address: `tcp://127.0.0.1:${port}`,
    jobs: [],
    behaviour: 'reads',
    async done(count) {
      while (printer.jobs.length < count) {
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
  return printer;
}

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Random } from '../random.ts';

/** What becomes of one connection, which carries one request. */
const FATES = [
  [84, 'whole'],
  /** Half of the request arrives. */
  [4, 'half-sent'],
  /** All of it arrives, and nobody is there any more when the answer comes. */
  [6, 'sent'],
  /** It was carried out, and the answer is lost. */
  [6, 'answered'],
] as const;
type Fate = (typeof FATES)[number][1];

/** The answer while no server is up; nothing was carried out. */
const NOBODY = [
  'HTTP/1.1 503 Service Unavailable',
  'content-type: application/problem+json',
  'connection: close',
  '',
  '{"code":"registry-unavailable"}',
].join('\r\n');

/** Stands between clients and whatever server is up, and cuts connections by chance. */
export class CuttingProxy implements AsyncDisposable {
  /** Connections that were cut, by where. */
  readonly cuts = new Map<Fate, number>();
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** From now on nothing is cut. */
  isCalm = false;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** `upstream` names the port of a server that is up, or undefined while none is. */
  static async start(upstream: () => number | undefined, random: Random): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new CuttingProxy(server);
    server.on('connection', (client) => {
      const fate = proxy.isCalm ? 'whole' : random.weighted(FATES);
      const port = upstream();
      if (port === undefined) proxy.#refuse(client);
      else proxy.#join(client, connect(port, '127.0.0.1'), fate);
    });
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #refuse(client: Socket): void {
    this.#sockets.add(client);
    client.on('error', () => client.destroy()).on('close', () => this.#sockets.delete(client));
    client.resume().end(NOBODY);
  }

  #join(client: Socket, server: Socket, fate: Fate): void {
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    let request = Buffer.alloc(0);
    client.on('data', (bytes: Buffer) => {
      request = Buffer.concat([request, bytes]);
      if (!isWhole(request)) return;
      if (fate === 'half-sent') server.end(request.subarray(0, request.length >> 1));
      else server.write(request);
      if (fate === 'half-sent' || fate === 'sent') {
        this.#count(fate);
        client.destroy();
      }
    });
    server.on('data', (bytes: Buffer) => {
      if (fate === 'answered') {
        this.#count(fate);
        end();
      } else client.write(bytes);
    });
    server.on('end', () => client.end());
  }

  #count(fate: Fate): void {
    this.cuts.set(fate, (this.cuts.get(fate) ?? 0) + 1);
  }
}

/** Whether head and body have come; each of the clients' requests says how long its body is. */
function isWhole(request: Buffer): boolean {
  const head = request.indexOf('\r\n\r\n');
  if (head === -1) return false;
  const [, length = '0'] =
    /^content-length: (\d+)/im.exec(request.toString('latin1', 0, head)) ?? [];
  return request.length >= head + 4 + Number(length);
}

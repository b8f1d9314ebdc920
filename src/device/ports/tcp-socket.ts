import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { withDeadline } from '../../kernel/deadline.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { formatPortAddress } from './port-address.ts';
import type { LinePort } from './line-port.ts';

/** A terminal server's port. */
export interface TcpEnd {
  readonly kind: 'tcp' | 'rfc2217';
  readonly host: string;
  readonly port: number;
}

/** How long opening may take, and what ends it early. */
export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const KEEP_ALIVE_MS = 5_000;

/** A connected socket without Nagle's delay, which would cost 40 ms a round trip. Throws `port-missing`, `interrupted`. */
export async function connectTcp(end: TcpEnd, options: ConnectOptions): Promise<Socket> {
  const address = formatPortAddress(end);
  const socket = connect({
    host: end.host,
    port: end.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  const missing = (why: string): KeylineError =>
    new KeylineError('port-missing', {
      message: `${address} cannot be reached: ${why}`,
      hint: 'Check that the terminal server runs and that host and port are right.',
      facts: { port: address },
    });
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reject(missing(error.code ?? error.message));
      });
    });
    await withDeadline(connected, { ...options, late: () => missing('no answer') });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Resolves when the system took the bytes. */
export function sendTcp(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Releases the socket at once; what was sent and is not yet out still goes out unless `unsent`. */
export function closeTcp(socket: Socket, unsent: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed && socket.closed) {
      resolve();
      return;
    }
    socket.once('close', () => {
      resolve();
    });
    if (unsent) socket.resetAndDestroy();
    else socket.destroySoon();
  });
}

/** Tells `port` when the other end hangs up or the network fails. */
export function watchTcp(socket: Socket, port: LinePort): void {
  const lost = (why: string): void => {
    port.lost(new DeviceFailure('port-gone', `${port.address} ${why}`));
  };
  socket.on('error', (error: NodeJS.ErrnoException) => {
    lost(`failed: ${error.code ?? 'network error'}`);
  });
  socket.on('end', () => {
    lost('was closed by the other end');
  });
  socket.on('close', () => {
    lost('was closed');
  });
}

import { setTimeout as delay } from 'node:timers/promises';
import { LinePort } from './line-port.ts';
import { formatPortAddress } from './port-address.ts';
import type { Port } from './port.ts';
import { closedAtOnce, ServerNotice } from './server-notice.ts';
import { closeTcp, connectTcp, sendTcp, watchTcp } from './tcp-socket.ts';
import type { ConnectOptions, TcpEnd } from './tcp-socket.ts';

/** How a raw TCP port is opened. */
export interface TcpOptions extends ConnectOptions {
  /** How long a terminal server is given to say that another client has the port; 50 ms. */
  readonly refusalMs?: number;
}

const REFUSAL_MS = 50;

/**
 * Opens a terminal server's raw port. Throws `port-missing`, `port-busy`, `interrupted`. A server that
 * says only later that the port is in use makes reads and writes throw DeviceFailure `port-busy`.
 */
export async function openTcpPort(end: TcpEnd, options: TcpOptions): Promise<Port> {
  const address = formatPortAddress(end);
  const socket = await connectTcp(end, options);
  const port = new LinePort(
    { address, bitsPerSecond: undefined },
    {
      send: (bytes) => sendTcp(socket, bytes),
      close: (unsent) => closeTcp(socket, unsent),
    },
  );
  const notice = new ServerNotice();
  const settled = new AbortController();
  socket.on('data', (chunk) => {
    notice.see(chunk);
    const failure = notice.failure(address);
    if (failure) port.lost(failure);
    else port.received(chunk);
    if (notice.verdict !== 'unknown') settled.abort();
  });
  watchTcp(socket, port);
  const isClosed = await isClosedWithin(options.refusalMs ?? REFUSAL_MS, port, settled.signal);
  const error = notice.error(address) ?? (isClosed && notice.isSilent && closedAtOnce(address));
  if (!error) return port;
  await port[Symbol.asyncDispose]();
  throw error;
}

/** Waits for a terminal server's refusal; a first byte of the device ends the wait early. */
export async function isClosedWithin(
  waitMs: number,
  port: Port,
  settled: AbortSignal,
): Promise<boolean> {
  const timer = new AbortController();
  const quiet = delay(waitMs, false, { signal: AbortSignal.any([settled, timer.signal]) });
  const isClosed = await Promise.race([port.closed.then(() => true), quiet.catch(() => false)]);
  timer.abort();
  return isClosed;
}

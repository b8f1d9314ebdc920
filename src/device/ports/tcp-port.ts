import { setTimeout as delay } from 'node:timers/promises';
import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { BusyNotice } from './busy-notice.ts';
import { LinePort } from './line-port.ts';
import { formatPortAddress } from './port-address.ts';
import type { Port } from './port.ts';
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
  const notice = new BusyNotice();
  const settled = new AbortController();
  socket.on('data', (chunk) => {
    if (notice.see(chunk) === 'busy') port.lost(busyFailure(address));
    else port.received(chunk);
    if (notice.verdict !== 'unknown') settled.abort();
  });
  watchTcp(socket, port);
  // What settles it early is a first byte that tells, or the end of the connection.
  await Promise.race([
    port.closed,
    delay(options.refusalMs ?? REFUSAL_MS, undefined, { signal: settled.signal }).catch(
      () => undefined,
    ),
  ]);
  settled.abort();
  if (notice.verdict === 'busy') {
    await port[Symbol.asyncDispose]();
    throw busyError(address);
  }
  return port;
}

/** A terminal server gave the port to another client: as an error of a command. */
export function busyError(address: string): KeylineError {
  return new KeylineError('port-busy', {
    message: `${address} is in use by another client`,
    facts: { port: address },
  });
}

/** A terminal server gave the port to another client: as a failure of a unit. */
export function busyFailure(address: string): DeviceFailure {
  return new DeviceFailure('port-busy', `${address} is in use by another client`);
}

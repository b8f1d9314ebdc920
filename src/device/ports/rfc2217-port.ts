import { withDeadline } from '../../kernel/deadline.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { checkBitRate } from './bit-rate.ts';
import { LinePort } from './line-port.ts';
import { formatPortAddress } from './port-address.ts';
import type { Port } from './port.ts';
import { Rfc2217Session } from './rfc2217-session.ts';
import { closedAtOnce, ServerNotice } from './server-notice.ts';
import { isClosedWithin } from './tcp-port.ts';
import { closeTcp, connectTcp, watchTcp } from './tcp-socket.ts';
import type { ConnectOptions, TcpEnd } from './tcp-socket.ts';

/** How an RFC 2217 port is opened. */
export interface Rfc2217Options extends ConnectOptions {
  readonly bitsPerSecond: number;
}

/** Servers that speak first do so at once. */
const REFUSAL_MS = 50;

/**
 * Opens a terminal server's port by Telnet's COM-PORT option (RFC 2217): 8N1, no flow control, input
 * purged. Throws `invalid-port`, `port-missing`, `port-busy`, `port-not-serial` when the other end does
 * not speak RFC 2217, `port-unusable` when it does not take the baud rate, `interrupted`.
 */
export async function openRfc2217Port(end: TcpEnd, options: Rfc2217Options): Promise<Port> {
  const { bitsPerSecond } = options;
  checkBitRate(bitsPerSecond);
  const address = formatPortAddress(end);
  const socket = await connectTcp(end, options);
  const notice = new ServerNotice();
  const settled = new AbortController();
  const session = new Rfc2217Session(socket, {
    data: (bytes) => {
      notice.see(bytes);
      const failure = notice.failure(address);
      if (failure) port.lost(failure);
      else port.received(bytes);
      if (notice.verdict !== 'unknown') settled.abort();
    },
    refused: () => {
      session.end();
    },
  });
  const port: LinePort = new LinePort(
    { address, bitsPerSecond },
    {
      send: (bytes) => session.send(bytes),
      close: async (unsent) => {
        await closeTcp(socket, unsent);
        session.end();
      },
      discardInput: () => {
        session.purgeReceived();
      },
      setLines: (lines) => session.setLines(lines),
      lines: () => Promise.resolve(session.lines),
    },
  );
  socket.on('data', (chunk) => {
    session.received(chunk);
  });
  watchTcp(socket, port);
  try {
    // What is sent to a server that has hung up costs what it said before.
    const isClosed = await isClosedWithin(REFUSAL_MS, port, settled.signal);
    if (!isClosed) session.start();
    const rate = isClosed
      ? 0
      : await withDeadline(session.configure(bitsPerSecond), {
          ...options,
          late: () => notSerial(address),
        });
    const error = notice.error(address);
    if (error) throw error;
    if (rate === 0) {
      throw socket.destroyed && notice.isSilent ? closedAtOnce(address) : notSerial(address);
    }
    if (rate !== bitsPerSecond) throw otherRate(address, { asked: bitsPerSecond, got: rate });
    return port;
  } catch (error) {
    await port[Symbol.asyncDispose]();
    throw error;
  }
}

function notSerial(address: string): KeylineError {
  return new KeylineError('port-not-serial', {
    message: `${address} does not speak RFC 2217`,
    hint: 'Use tcp://HOST:PORT for a raw port, or turn RFC 2217 on in the terminal server.',
    facts: { port: address },
  });
}

function otherRate(
  address: string,
  rates: { readonly asked: number; readonly got: number },
): KeylineError {
  return new KeylineError('port-unusable', {
    message: `${address} was asked for ${rates.asked} bit/s and runs at ${rates.got}`,
    facts: { port: address, ...rates },
  });
}

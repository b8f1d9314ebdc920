import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { withDeadline } from '../kernel/deadline.ts';
import { KeylineError } from '../kernel/errors.ts';

/** Where a printer listens. */
export interface PrinterAddress {
  readonly host: string;
  readonly port: number;
}

/** How long each wait may take, and what ends it early. */
export interface PrinterOptions {
  /** For connecting, and for the printer to take one label. */
  readonly timeoutMs: number;
  /** How long a printer may take to hang up after the last label; whether it does is its own affair. */
  readonly lingerMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const USUAL_PORT = 9100;
const LINGER_MS = 300;
const ADDRESS = /^tcp:\/\/(\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/?$/i;

/** The printer in `tcp://HOST[:PORT]`, port 9100 unless given; undefined where the text is no such address. */
export function parsePrinterAddress(text: string): PrinterAddress | undefined {
  const [, host, port = String(USUAL_PORT)] = ADDRESS.exec(text) ?? [];
  const number = Number(port);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

/** A connection to a printer. Disposing of it closes it. */
export interface Printer extends AsyncDisposable {
  /** Resolves when the network took all bytes. Throws `printer-failed`, `interrupted`. */
  send(bytes: Uint8Array): Promise<void>;
  /** Says that nothing more comes. Throws `printer-failed` where the printer threw away what it was sent. */
  end(): Promise<void>;
}

/**
 * Connects to a raw printer port. Throws `printer-unreachable`, `interrupted`. What was sent may still
 * not be printed: such a printer says nothing of paper or ribbon, so only a scan of the label tells.
 */
export async function connectPrinter(
  address: PrinterAddress,
  options: PrinterOptions,
): Promise<Printer> {
  const name = `tcp://${address.host}:${address.port}`;
  const facts = { printer: name };
  const unreachable = (why: string): KeylineError =>
    new KeylineError('printer-unreachable', {
      message: `${name} cannot be reached: ${why}`,
      facts,
    });
  const failed = (why: string): KeylineError =>
    new KeylineError('printer-failed', { message: `${name} ${why}`, facts });
  const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
  const watch = new SocketWatch(socket, failed);
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(unreachable(error.code ?? 'network error'));
    });
  });
  try {
    await withDeadline(connected, { ...options, late: () => unreachable('no answer') });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const { lingerMs = LINGER_MS, timeoutMs } = options;
  return {
    send: (bytes) =>
      withDeadline(Promise.race([written(socket, bytes, failed), watch.lost]), {
        ...options,
        late: () => failed(`took no bytes for ${timeoutMs} ms`),
      }),
    end: async () => {
      watch.isDone = true;
      const ended = new Promise<void>((resolve) => {
        socket.once('close', resolve);
        socket.once('end', resolve);
        setTimeout(resolve, lingerMs).unref();
      });
      socket.end();
      await Promise.race([ended, watch.lost]);
    },
    [Symbol.asyncDispose]: () => {
      socket.destroy();
      return Promise.resolve();
    },
  };
}

/** Notices when the printer goes away; it may hang up only after everything was sent. */
class SocketWatch {
  isDone = false;
  readonly lost: Promise<never>;

  constructor(socket: Socket, failed: (why: string) => KeylineError) {
    this.lost = new Promise((_resolve, reject) => {
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reject(failed(`broke off: ${error.code ?? 'network error'}`));
      });
      socket.on('end', () => {
        if (!this.isDone) reject(failed('hung up before everything was sent'));
      });
    });
    this.lost.catch(() => undefined);
    // What a printer answers is read and dropped, or its buffer would fill up.
    socket.resume();
  }
}

function written(
  socket: Socket,
  bytes: Uint8Array,
  failed: (why: string) => KeylineError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // The library may keep the bytes until they are out; the caller wipes its own.
    socket.write(Buffer.from(bytes), (error) => {
      if (error) reject(failed('broke off'));
      else resolve();
    });
  });
}

import { closeSync, fstatSync, readdirSync, statSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import type { DeviceLine, LineListener } from './device-line.ts';

/** What the package has beside its types. */
interface OpenPty {
  readonly _master: ReadStream;
  readonly _slave: ReadStream & { readonly _handle: { readonly fd: number } };
  readonly _fd: number;
  readonly ptsName: string;
}

/** How long a host that does not read is waited for. */
const PATIENCE_MS = 1_000;
const RETRY_MS = 2;

/** A pseudo-terminal with the device at its master. Throws `port-unusable` where there are none. */
export async function openPtyLine(listener: LineListener): Promise<DeviceLine> {
  const pty = await openPty();
  const descriptor = slaveDescriptor(pty);
  // The package's own stream reads the host's bytes away and must go.
  pty._slave.destroy();
  const hold = new SlaveHold(descriptor);
  pty._master.on('data', (bytes: Buffer) => {
    listener(bytes);
  });
  return new PtyLine(pty, hold);
}

/**
 * The slave kept open as long as the line is, so that it outlives a host that closes it. Until the host
 * sets its own modes nothing may be echoed back to the device, so the slave is raw: set by a stream that
 * reads nothing and stays, since libuv 1.49 (Node 24) gives the old modes back when that stream ends:
 * https://github.com/libuv/libuv/pull/4399
 */
class SlaveHold {
  readonly #stream: ReadStream;
  readonly #descriptor: number;

  /** Takes `descriptor`, which nothing else closes: the stream works on a descriptor of its own. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#stream = new ReadStream(descriptor).setRawMode(true);
  }

  release(): void {
    this.#stream.destroy();
    closeSync(this.#descriptor);
  }
}

class PtyLine implements DeviceLine {
  readonly address: string;
  readonly #pty: OpenPty;
  readonly #hold: SlaveHold;
  #unsent: Buffer[] = [];
  #retry: NodeJS.Timeout | undefined;
  #blockedSince: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(pty: OpenPty, hold: SlaveHold) {
    this.address = pty.ptsName;
    this.#pty = pty;
    this.#hold = hold;
  }

  send(bytes: Uint8Array): void {
    if (this.#closing || bytes.length === 0) return;
    this.#unsent.push(Buffer.from(bytes));
    if (!this.#retry) this.#pump();
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      clearTimeout(this.#retry);
      this.#unsent = [];
      // First the master: the host is not to see the slave's modes change.
      this.#pty._master.once('close', resolve).destroy();
      this.#hold.release();
    });
    return this.#closing;
  }

  /** The stream's own write blocks the whole process once the line is full. */
  #pump(): void {
    this.#retry = undefined;
    while (this.#unsent[0]) {
      const written = this.#tryWrite(this.#unsent[0]);
      if (written === undefined) {
        this.#blockedSince ??= performance.now();
        if (performance.now() - this.#blockedSince > PATIENCE_MS) this.#unsent = [];
        else
          this.#retry = setTimeout(() => {
            this.#pump();
          }, RETRY_MS);
        return;
      }
      this.#blockedSince = undefined;
      const rest = this.#unsent[0].subarray(written);
      if (rest.length > 0) this.#unsent[0] = rest;
      else this.#unsent.shift();
    }
  }

  /** Undefined while the line is full. */
  #tryWrite(bytes: Buffer): number | undefined {
    try {
      return writeSync(this.#pty._fd, bytes);
    } catch (error) {
      if (isErrno(error, 'EAGAIN')) return undefined;
      if (isErrno(error, 'EIO')) return bytes.length; // nobody holds the other end: lost
      throw error;
    }
  }
}

async function openPty(): Promise<OpenPty> {
  try {
    const { open } = (await import('@lydell/node-pty')) as unknown as {
      readonly open: (options: { readonly encoding: null }) => OpenPty;
    };
    return open({ encoding: null });
  } catch {
    throw noTerminal();
  }
}

function noTerminal(): KeylineError {
  return new KeylineError('port-unusable', {
    message: 'this machine gives no pseudo-terminal',
    hint: 'Simulate the devices on TCP ports with --tcp.',
  });
}

/** The descriptor that the package made its stream of, which opened the terminal again for itself. */
function slaveDescriptor({ ptsName, _slave }: OpenPty): number {
  const { rdev } = statSync(ptsName);
  const descriptor = readdirSync('/dev/fd')
    .map(Number)
    .find((fd) => fd > 2 && fd !== _slave._handle.fd && deviceOf(fd) === rdev);
  if (descriptor === undefined) throw noTerminal();
  return descriptor;
}

function deviceOf(fd: number): number | undefined {
  try {
    const stat = fstatSync(fd);
    return stat.isCharacterDevice() ? stat.rdev : undefined;
  } catch {
    return undefined; // the descriptor of the listing itself
  }
}

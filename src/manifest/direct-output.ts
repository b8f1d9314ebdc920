import { closeSync, constants, createWriteStream, fstatSync, open } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { outputError } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { holdFileSizeSignal } from './file-size-signal.ts';
import type { Output, OutputOptions } from './output.ts';

const STDOUT = 1;
/** How often a named pipe without a reader is tried again. */
const PIPE_RETRY_MS = 50;

/** Standard output, whatever it is; the process keeps it open. */
export function openStdoutOutput({ signal }: Pick<OutputOptions, 'signal'>): Output {
  const stat = fstatSync(STDOUT);
  const isPlain = stat.isFile() || (stat.isCharacterDevice() && !process.stdout.isTTY);
  // oclif listens to errors of process.stdout and throws them where nobody can catch them.
  const stream = isPlain ? createWriteStream('', { fd: STDOUT, autoClose: false }) : process.stdout;
  return new DirectOutput('-', stream, { signal });
}

/** A device or a named pipe, written where it stands. A pipe without a reader is waited for. */
export async function openSpecialOutput(path: string, options: OutputOptions): Promise<Output> {
  const opened = streamOf(await openWaiting(path, options.signal));
  return new DirectOutput(path, opened.stream, { signal: options.signal, close: opened.close });
}

class DirectOutput implements Output {
  readonly name: string;
  readonly kind = 'direct';
  readonly fd = undefined;
  readonly #stream: Writable;
  readonly #signal: AbortSignal | undefined;
  readonly #close: (() => Promise<void>) | undefined;
  readonly #fileSizeSignal = holdFileSizeSignal();
  #failure: Error | undefined;
  #refuse: ((error: Error) => void) | undefined;

  constructor(
    name: string,
    stream: Writable,
    options: { signal: AbortSignal | undefined; close?: () => Promise<void> },
  ) {
    this.name = name;
    this.#stream = stream;
    this.#signal = options.signal;
    this.#close = options.close;
    stream.on('error', this.#fail);
    // A reader that has stopped reading would hold a write for ever.
    options.signal?.addEventListener('abort', this.#interrupt);
  }

  async write(bytes: Uint8Array): Promise<void> {
    throwIfAborted(this.#signal);
    await new Promise<void>((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      this.#refuse = reject;
      this.#stream.write(bytes, (error) => {
        if (error) this.#fail(error);
        else resolve();
      });
    });
    this.#refuse = undefined;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  retract(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#interrupt);
    this.#fileSizeSignal[Symbol.dispose]();
    await this.#close?.();
    this.#stream.off('error', this.#fail);
  }

  readonly #interrupt = (): void => {
    this.#fail(new KeylineError('interrupted', { message: 'interrupted' }));
  };

  readonly #fail = (error: Error): void => {
    this.#failure ??= writeError(this.name, error);
    this.#refuse?.(this.#failure);
  };
}

/** A pipe through the event loop, so that a slow reader holds no thread; a device through the pool. */
function streamOf(fd: number): { stream: Writable; close: () => Promise<void> } {
  if (fstatSync(fd).isFIFO()) {
    const socket = new Socket({ fd, readable: false, writable: true });
    return { stream: socket, close: () => endSocket(socket) };
  }
  const stream = createWriteStream('', { fd, autoClose: false });
  return {
    stream,
    close: () => {
      closeSync(fd);
      return Promise.resolve();
    },
  };
}

async function endSocket(socket: Socket): Promise<void> {
  if (!socket.destroyed) {
    await new Promise<void>((resolve) => {
      socket.once('close', () => {
        resolve();
      });
      if (socket.writableLength > 0) socket.destroy();
      else socket.end(() => socket.destroy());
    });
  }
}

async function openWaiting(path: string, signal: AbortSignal | undefined): Promise<number> {
  for (;;) {
    throwIfAborted(signal);
    try {
      return await promisify(open)(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (!isErrno(error, 'ENXIO')) throw outputError(path, error);
    }
    await wait(PIPE_RETRY_MS);
  }
}

function writeError(name: string, error: Error): Error {
  if (isErrno(error, 'EPIPE')) {
    return new KeylineError('reader-gone', { message: `the reader of ${name} went away` });
  }
  const place = name === '-' ? 'standard output' : name;
  const known = outputError(place, error);
  if (known instanceof KeylineError && known.code === 'disk-full') {
    return new KeylineError('disk-full', {
      message: known.message,
      hint: 'Free some space, then run the command again; what stands there is incomplete.',
      facts: known.facts,
    });
  }
  return known instanceof Error ? known : error;
}

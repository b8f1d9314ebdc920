import { stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { withDeadline } from '../../kernel/deadline.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { checkBitRate } from './bit-rate.ts';
import { watchHangUp } from './hang-up-watch.ts';
import { LinePort } from './line-port.ts';
import type { Line } from './line-port.ts';
import { formatPortAddress } from './port-address.ts';
import type { InputLines, OutputLines, Port } from './port.ts';
import { serialOpenError } from './serial-error.ts';

/** How a serial port is opened. */
export interface SerialOptions {
  readonly bitsPerSecond: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a serial port with 8 data bits, no parity, one stop bit and no flow control, locked against
 * every other program that uses flock. What had come before is dropped. Throws `invalid-port`,
 * `port-missing`, `port-busy`, `port-not-serial`, `port-unusable`, `interrupted`.
 */
export async function openSerialPort(path: string, options: SerialOptions): Promise<Port> {
  const { bitsPerSecond, timeoutMs, signal } = options;
  checkBitRate(bitsPerSecond);
  await requireCharacterDevice(path);
  const serial = new SerialPort({ path, baudRate: bitsPerSecond, autoOpen: false });
  // Without a listener, closing a port with a blocked write ends the process with `Canceled`. What it
  // tells comes by the write's own callback and by `close` as well.
  serial.on('error', () => undefined);
  await open(serial, { timeoutMs, signal });
  const address = formatPortAddress({ kind: 'serial', path });
  const port = new LinePort({ address, bitsPerSecond }, serialLine(serial));
  // Attached for good: without it an unplug goes unnoticed until the next write.
  serial.on('data', (chunk: Buffer) => {
    port.received(chunk);
  });
  const unplugged = (): void => {
    port.lost(new DeviceFailure('port-gone', `${address} was unplugged`));
  };
  serial.on('close', unplugged);
  watchHangUp(serial, unplugged);
  return port;
}

/** Opening some special files has effects or never returns, so what is no device is not opened at all. */
async function requireCharacterDevice(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  let isDevice: boolean;
  try {
    isDevice = (await stat(path)).isCharacterDevice();
  } catch (error) {
    throw serialOpenError(path, error instanceof Error ? error.message : '');
  }
  if (!isDevice) throw serialOpenError(path, 'Inappropriate ioctl for device');
}

async function open(
  serial: SerialPort,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  let isGivenUp = false;
  const opening = new Promise<void>((resolve, reject) => {
    serial.open((error) => {
      if (error) reject(serialOpenError(serial.path, error.message));
      else if (isGivenUp) serial.close();
      else resolve();
    });
  });
  const late = (): KeylineError =>
    new KeylineError('port-unusable', { message: `${serial.path} does not open` });
  try {
    await withDeadline(opening, { ...options, late });
  } catch (error) {
    isGivenUp = true;
    throw error;
  }
}

function serialLine(serial: SerialPort): Line {
  let driven: OutputLines = {};
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        serial.write(bytes, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    close: async (unsent) => {
      // What a blocked peer did not take must not hold up the close, which waits for the line to drain.
      if (unsent && serial.isOpen)
        await settled((done) => {
          serial.flush(done);
        });
      // Never both: closing twice, or after an unplug, is an error of the library.
      if (serial.isOpen)
        await settled((done) => {
          serial.close(done);
        });
    },
    setLines: async (lines) => {
      // The library sets every line at each call, those that are left out to its own defaults.
      driven = { ...driven, ...lines };
      await settled((done) => {
        serial.set(driven, done);
      });
    },
    lines: () =>
      new Promise<InputLines | undefined>((resolve) => {
        serial.get((error, status) => {
          resolve(error || !status ? undefined : pick(status));
        });
      }),
  };
}

function pick({ dcd, cts, dsr }: InputLines): InputLines {
  return { dcd, cts, dsr };
}

/** Waits for a callback, whatever it says: for what is best effort. */
function settled(call: (done: () => void) => void): Promise<void> {
  return new Promise(call);
}

import { openPort } from '../device/ports/open-port.ts';
import type { PortAddress } from '../device/ports/port-address.ts';
import type { Port } from '../device/ports/port.ts';
import { KeylineError } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';

/** A scanner at a port of its own. */
export interface ScannerPort extends AsyncDisposable {
  /** Resolves when nothing more can come. */
  readonly ended: Promise<void>;
}

/** What most scanners with a serial line are set to. */
const BAUD_RATE = 9600;
const POLL_MS = 1000;
const LONGEST_LINE = 4096;

/** Opens a scanner's port and gives each line to `onLine`; CR, LF or both end one. Throws what `openPort` throws. */
export async function openScannerPort(
  address: PortAddress,
  onLine: (line: string) => void,
): Promise<ScannerPort> {
  const port = await openPort(address, { baudRate: BAUD_RATE });
  const stop = new AbortController();
  const ended = readLines(port, onLine, stop.signal);
  return {
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      await port[Symbol.asyncDispose]();
    },
  };
}

async function readLines(
  port: Port,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let held = '';
  try {
    for (;;) {
      const bytes = await port.read({ timeoutMs: POLL_MS, signal });
      if (!bytes) continue;
      const lines = `${held}${Buffer.from(bytes).toString('latin1')}`.split(/[\r\n]+/);
      held = (lines.pop() ?? '').slice(-LONGEST_LINE);
      for (const line of lines) onLine(line);
    }
  } catch (error) {
    const isEnd =
      error instanceof DeviceFailure ||
      (error instanceof KeylineError && error.code === 'interrupted');
    if (!isEnd) throw error;
  }
}

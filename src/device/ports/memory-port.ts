import { utf8 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { LinePort } from './line-port.ts';
import type { Line } from './line-port.ts';
import { disturb } from './memory-faults.ts';
import type { MemoryFaults } from './memory-faults.ts';
import type { InputLines, OutputLines, Port } from './port.ts';

/** How a memory device is made. */
export interface MemoryDeviceOptions {
  readonly name?: string;
  readonly bitsPerSecond?: number;
  readonly faults?: MemoryFaults;
  /** Called with each piece that the host writes, the device's to keep; answers by `feed`. */
  readonly onWrite?: (bytes: Uint8Array) => void;
}

/** The other end of a memory port: what a test, in the device's place, says and sees. */
export class MemoryDevice {
  /** May be changed at any time. */
  faults: MemoryFaults;
  onWrite: (bytes: Uint8Array) => void;
  /** What `lines` of the port tells; undefined: the line does not tell. */
  inputLines: InputLines | undefined;
  /** What the host last set. */
  outputLines: OutputLines = {};

  readonly address: string;
  readonly #bitsPerSecond: number;
  #port: LinePort | undefined;
  #isPlugged = true;
  #sentBytes = 0;
  #receivedBytes = 0;
  #trickling: Promise<void> = Promise.resolve();
  #unblock: (() => void) | undefined;

  constructor(options: MemoryDeviceOptions = {}) {
    this.address = `memory:${options.name ?? 'device'}`;
    this.faults = options.faults ?? {};
    this.onWrite = options.onWrite ?? (() => undefined);
    this.#bitsPerSecond = options.bitsPerSecond ?? 115_200;
  }

  /** Opens the host's end. Throws `port-busy` while it is open, `port-missing` while it is unplugged. */
  open(): Promise<Port> {
    return new Promise((resolve) => {
      resolve(this.openNow());
    });
  }

  /** The same, in one step. */
  openNow(): Port {
    if (!this.#isPlugged) throw this.#error('port-missing', 'is not there');
    if (this.#port) throw this.#error('port-busy', 'is in use');
    const facts = { address: this.address, bitsPerSecond: this.#bitsPerSecond };
    this.#port = new LinePort(facts, this.#line());
    return this.#port;
  }

  /** The device sends; text as UTF-8. Dropped while nobody has the port open. */
  feed(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? utf8(data) : Uint8Array.from(data);
    const port = this.#port;
    const { unplugAfterSent = Infinity, isSlow } = this.faults;
    const reached = bytes.subarray(0, Math.max(0, unplugAfterSent - this.#sentBytes));
    const arrived = disturb(reached, this.faults, this.#sentBytes);
    this.#sentBytes += reached.length;
    const isUnplugged = this.#sentBytes >= unplugAfterSent;
    if (isSlow) {
      this.#trickling = this.#trickling
        .then(() => this.#trickle(port, arrived))
        .then(() => {
          if (isUnplugged) this.unplug();
        });
    } else {
      port?.received(arrived);
      if (isUnplugged) this.unplug();
    }
  }

  /** The cable is pulled: reads and writes of the open port end with `port-gone`. */
  unplug(): void {
    this.#isPlugged = false;
    this.#port?.lost(new DeviceFailure('port-gone', `${this.address} was unplugged`));
  }

  /** Plugged in again: it can be opened anew, with no bytes counted. */
  plugIn(): void {
    this.#isPlugged = true;
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
  }

  #line(): Line {
    return {
      send: (bytes) => this.#take(Uint8Array.from(bytes)),
      close: () => {
        this.#port = undefined;
        this.#unblock?.();
        return Promise.resolve();
      },
      setLines: (lines) => {
        this.outputLines = { ...this.outputLines, ...lines };
        return Promise.resolve();
      },
      lines: () => Promise.resolve(this.inputLines),
    };
  }

  async #take(bytes: Uint8Array): Promise<void> {
    if (this.faults.isBlocked) {
      await new Promise<void>((resolve) => {
        this.#unblock = resolve;
      });
      return;
    }
    const { unplugAfterReceived = Infinity } = this.faults;
    const taken = bytes.subarray(0, Math.max(0, unplugAfterReceived - this.#receivedBytes));
    this.#receivedBytes += taken.length;
    // A device answers in a turn of its own, never inside the host's write.
    await nextTurn();
    if (taken.length > 0) this.onWrite(taken);
    if (this.#receivedBytes >= unplugAfterReceived) this.unplug();
  }

  async #trickle(port: LinePort | undefined, bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) {
      await nextTurn();
      port?.received(Uint8Array.of(byte));
    }
  }

  #error(code: 'port-missing' | 'port-busy', what: string): KeylineError {
    return new KeylineError(code, {
      message: `${this.address} ${what}`,
      facts: { port: this.address },
    });
  }
}

/** A device in memory and the port to it, open. */
export function createMemoryPort(options: MemoryDeviceOptions = {}): {
  readonly port: Port;
  readonly device: MemoryDevice;
} {
  const device = new MemoryDevice(options);
  return { port: device.openNow(), device };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

import type { DriverContext } from '../device/driver.ts';
import { logPort } from '../device/ports/logged-port.ts';
import { openPort } from '../device/ports/open-port.ts';
import { formatPortAddress } from '../device/ports/port-address.ts';
import type { PortAddress } from '../device/ports/port-address.ts';
import type { InputLines, Port } from '../device/ports/port.ts';
import type { WireLog } from '../device/wire-log.ts';
import { DeviceFailure } from '../model/failure.ts';

/** How a session's port is opened. */
export interface SessionOptions {
  readonly baudRate: number;
  readonly signal?: AbortSignal;
  /** Where `memory:` ports come from. */
  readonly memory?: ((name: string) => Promise<Port>) | undefined;
}

/** The open port of one slot, and what drivers are given of it. Disposing of it closes the port. */
export class DeviceSession implements AsyncDisposable {
  readonly address: PortAddress;
  readonly #options: SessionOptions;
  #port: Port | undefined;
  #isClosed = false;

  private constructor(address: PortAddress, options: SessionOptions, port: Port) {
    this.address = address;
    this.#options = options;
    this.#port = port;
    this.#watch(port);
  }

  /** Throws what `openPort` throws. */
  static async open(address: PortAddress, options: SessionOptions): Promise<DeviceSession> {
    return new DeviceSession(address, options, await open(address, options));
  }

  /** Whether the port that was last opened went away or was closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the port that is open now went away or was closed. */
  get closed(): Promise<void> {
    return this.#port?.closed ?? Promise.resolve();
  }

  /** Undefined where the line does not tell. Throws DeviceFailure `port-gone`. */
  lines(): Promise<InputLines | undefined> {
    return this.#required().lines();
  }

  /** What a driver works with until `signal` fires; everything that goes over the line stands in `log`. */
  context(log: WireLog, signal: AbortSignal): DriverContext {
    const required = (): Port => this.#required();
    return {
      get port() {
        return logPort(required(), log);
      },
      signal,
      log,
      releasePort: (use) => this.#release(use),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    await port?.[Symbol.asyncDispose]();
  }

  async #release<T>(use: (portPath: string) => Promise<T>): Promise<T> {
    const { address } = this;
    const path = address.kind === 'serial' ? address.path : formatPortAddress(address);
    await this[Symbol.asyncDispose]();
    try {
      return await use(path);
    } finally {
      this.#port = await open(address, this.#options);
      this.#watch(this.#port);
    }
  }

  /** One listener for each opening: a promise that is raced again and again keeps every race. */
  #watch(port: Port): void {
    this.#isClosed = false;
    void port.closed.then(() => {
      if (this.#port === port || this.#port === undefined) this.#isClosed = true;
    });
  }

  #required(): Port {
    if (this.#port) return this.#port;
    throw new DeviceFailure('port-gone', `${formatPortAddress(this.address)} is not open`);
  }
}

function open(address: PortAddress, { baudRate, signal, memory }: SessionOptions): Promise<Port> {
  return openPort(address, { baudRate, ...(signal && { signal }), ...(memory && { memory }) });
}

import type { DeviceLine } from './device-line.ts';
import { FaultyCable } from './faulty-cable.ts';
import { openPtyLine } from './pty-line.ts';
import type { ProgrammerRole } from './programmer-role.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import { faultOf } from './simulated-fault.ts';
import type { SimulatedFault, SimulatedFaults } from './simulated-fault.ts';
import type { ProgrammerResult } from './simulated-protocol.ts';
import type { SimulatorFiles } from './simulator-files.ts';
import { openTcpLine } from './tcp-line.ts';

/** How a slot is made. */
export interface SlotOptions {
  readonly slot: number;
  readonly files: SimulatorFiles;
  /** Undefined: a pseudo-terminal with a link. 0: any free port. */
  readonly tcpPort: number | undefined;
  /** The device came or went, also by a fault. */
  readonly changed: (isPlugged: boolean) => void;
}

/** A place with a cable, and the device in it. */
export class SimulatedSlot {
  readonly slot: number;
  /** When the host last sent something; undefined: not since the device was plugged in. */
  lastHeardAt: number | undefined;
  tcpPort: number | undefined;
  readonly #options: SlotOptions;
  #device: SimulatedDevice | undefined;
  #line: DeviceLine | undefined;
  #cable: FaultyCable | undefined;
  #faults: SimulatedFaults = [];
  /** `unplug` comes once. */
  readonly #spent = new Set<SimulatedFault>();
  #replug: NodeJS.Timeout | undefined;
  /** One change after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: SlotOptions) {
    this.#options = options;
    this.slot = options.slot;
    this.tcpPort = options.tcpPort;
  }

  /** What the host opens, whether the device is there or not. */
  get address(): string {
    if (this.tcpPort !== undefined) return `tcp://127.0.0.1:${this.tcpPort}`;
    return this.#options.files.slotPath(this.slot);
  }

  /** The terminal behind the link, while the device is plugged in. */
  get target(): string | undefined {
    return this.#line?.address;
  }

  get device(): SimulatedDevice | undefined {
    return this.#device;
  }

  get isPlugged(): boolean {
    return this.#line !== undefined;
  }

  /** Those that are at work. */
  get faults(): SimulatedFaults {
    return this.#faults.filter((fault) => !this.#spent.has(fault));
  }

  setFaults(faults: SimulatedFaults): void {
    this.#faults = faults;
    this.#spent.clear();
    this.#device?.applyFaults();
  }

  /** Another device is in the slot's place; it is not plugged in. */
  put(device: SimulatedDevice | undefined): Promise<void> {
    return this.#next(async () => {
      await this.#pull();
      this.#spent.clear();
      this.#device = device;
    });
  }

  plug(): Promise<void> {
    return this.#next(() => this.#insert());
  }

  unplug(): Promise<void> {
    return this.#next(() => this.#pull());
  }

  /** The device's bytes. */
  send(bytes: Uint8Array): void {
    this.#cable?.fromDevice(bytes);
  }

  /** What a programmer at this slot's port does with the device; undefined: nothing is there. */
  program(role: ProgrammerRole): ProgrammerResult | undefined {
    if (!this.#line) return undefined;
    this.lastHeardAt = performance.now();
    return this.#device?.program(role, () => {
      this.#fallOut(faultOf(this.faults, 'unplug')?.replugMs);
    });
  }

  #next(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => undefined);
    return turn;
  }

  async #insert(): Promise<void> {
    const device = this.#device;
    if (!device || this.#line) return;
    const cable = new FaultyCable({
      faults: () => this.faults,
      send: (bytes) => {
        this.#line?.send(bytes);
      },
      received: (bytes) => {
        device.received(bytes);
      },
      unplug: (replugMs) => {
        this.#fallOut(replugMs);
      },
    });
    const line = await this.#open((bytes) => {
      this.lastHeardAt = performance.now();
      if (this.#cable === cable) cable.fromHost(bytes);
    });
    this.lastHeardAt = undefined;
    this.#line = line;
    this.#cable = cable;
    device.boot();
    if (this.tcpPort === undefined) this.#options.files.link(this.slot, line.address);
    this.#options.changed(true);
  }

  async #open(listener: (bytes: Uint8Array) => void): Promise<DeviceLine> {
    if (this.tcpPort === undefined) return await openPtyLine(listener);
    const line = await openTcpLine(listener, { port: this.tcpPort });
    this.tcpPort = line.port;
    return line;
  }

  async #pull(): Promise<void> {
    clearTimeout(this.#replug);
    const line = this.#line;
    if (!line) return;
    this.#line = undefined;
    this.#cable?.cut();
    this.#cable = undefined;
    this.#device?.powerGoes();
    if (this.tcpPort === undefined) this.#options.files.unlink(this.slot);
    await line.close();
    this.#options.changed(false);
  }

  #fallOut(replugMs: number | undefined): void {
    for (const fault of this.#faults) if (fault.kind === 'unplug') this.#spent.add(fault);
    // Not one byte more gets through, whenever its turn comes.
    this.#cable?.cut();
    this.#cable = undefined;
    void this.unplug().then(() => {
      if (replugMs === undefined) return;
      this.#replug = setTimeout(() => void this.plug(), replugMs);
    });
  }
}

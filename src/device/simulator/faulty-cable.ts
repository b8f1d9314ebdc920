import type { SimulatedFaults } from './simulated-fault.ts';
import { faultOf } from './simulated-fault.ts';

/** What a cable is between. */
export interface CableEnds {
  readonly faults: () => SimulatedFaults;
  /** On to the host. */
  readonly send: (bytes: Uint8Array) => void;
  /** On to the device. */
  readonly received: (bytes: Uint8Array) => void;
  /** The fault `unplug` came to its byte. */
  readonly unplug: (replugMs: number | undefined) => void;
}

/** A byte that no text holds. */
const NOISE = 0xfe;

/** A cable that does what the faults say, by count, so that a run repeats. */
export class FaultyCable {
  readonly #ends: CableEnds;
  #sentBytes = 0;
  #receivedBytes = 0;
  #slowly: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(ends: CableEnds) {
    this.#ends = ends;
  }

  /** The device sends. */
  fromDevice(bytes: Uint8Array): void {
    const faults = this.#ends.faults();
    if (faultOf(faults, 'silent')) return;
    const drop = faultOf(faults, 'drop')?.every;
    const noise = faultOf(faults, 'noise')?.every;
    const out: number[] = [];
    for (const byte of bytes) {
      this.#sentBytes += 1;
      if (drop === undefined || this.#sentBytes % drop !== 0) out.push(byte);
      if (noise !== undefined && this.#sentBytes % noise === 0) out.push(NOISE);
    }
    if (this.#slowly.length === 0 && !faultOf(faults, 'slow')) {
      this.#ends.send(Uint8Array.from(out));
      return;
    }
    this.#slowly.push(...out);
    this.#timer ??= setTimeout(() => {
      this.#sendOne();
    }, 1);
  }

  /** The host sends. */
  fromHost(bytes: Uint8Array): void {
    const faults = this.#ends.faults();
    const unplug = faultOf(faults, 'unplug');
    const room = unplug ? Math.max(0, unplug.after - this.#receivedBytes) : Infinity;
    const drop = faultOf(faults, 'drop-input')?.every;
    const arrived = Array.from(bytes.subarray(0, room)).filter(
      (_byte, at) => drop === undefined || (this.#receivedBytes + at + 1) % drop !== 0,
    );
    this.#receivedBytes += Math.min(bytes.length, room);
    if (arrived.length > 0) this.#ends.received(Uint8Array.from(arrived));
    if (unplug && bytes.length >= room) this.#ends.unplug(unplug.replugMs);
  }

  /** Nothing comes any more. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#slowly = [];
  }

  #sendOne(): void {
    this.#timer = undefined;
    const perByteMs = faultOf(this.#ends.faults(), 'slow')?.perByteMs;
    const bytes = this.#slowly.splice(0, perByteMs === undefined ? this.#slowly.length : 1);
    this.#ends.send(Uint8Array.from(bytes));
    if (this.#slowly.length > 0)
      this.#timer = setTimeout(() => {
        this.#sendOne();
      }, perByteMs);
  }
}

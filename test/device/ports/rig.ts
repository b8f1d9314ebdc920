import type { Port } from '../../../src/device/ports/port.ts';

/** One kind of port and, in the device's place, its other end. */
export interface Rig {
  /** Opens the host's end. */
  open(): Promise<Port>;
  /** The device sends; resolves when its line took all bytes. */
  send(bytes: Uint8Array): Promise<void>;
  /** The next `count` bytes that the host wrote. */
  take(count: number): Promise<Buffer>;
  /** From now on the device takes nothing. */
  block(): void;
  /** The cable is pulled. */
  unplug(): void;
  dispose(): Promise<void>;
}

/** What a device was sent, to be taken in pieces of known size. */
export class Inbox {
  #held = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  push(bytes: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#wake();
  }

  async take(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }
}

/** Waits, turn by turn of the event loop, until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

import { DeviceFailure } from '../model/failure.ts';

/** A device that stands in a slot. Disposed when it has left. */
export interface LiveDevice extends Disposable {
  readonly hardwareId: string;
  /** Throws DeviceFailure `duplicate-id` once another slot has had a device with this id at the same time. */
  check(): void;
}

interface Holder {
  readonly onTwin: () => void;
}

/**
 * The hardware ids of all devices that stand in the slots of one run. An id on two slots at once fails
 * both, and stays refused for the rest of the run: nobody knows which of them is which.
 */
export class LiveDevices {
  readonly #holders = new Map<string, Set<Holder>>();
  readonly #doubtful = new Set<string>();

  /** `onTwin` is called when another slot gets a device with the same id; never for the one that came last. */
  arrive(hardwareId: string, onTwin: () => void = () => undefined): LiveDevice {
    const holders = this.#holders.get(hardwareId) ?? new Set<Holder>();
    this.#holders.set(hardwareId, holders);
    const others = [...holders];
    const holder: Holder = { onTwin };
    holders.add(holder);
    if (others.length > 0) this.#doubtful.add(hardwareId);
    for (const other of others) other.onTwin();
    return {
      hardwareId,
      check: () => {
        if (this.#doubtful.has(hardwareId)) throw twins(hardwareId);
      },
      [Symbol.dispose]: () => {
        holders.delete(holder);
        if (holders.size === 0) this.#holders.delete(hardwareId);
      },
    };
  }
}

function twins(hardwareId: string): DeviceFailure {
  return new DeviceFailure(
    'duplicate-id',
    `two slots had a device with hardware id ${hardwareId} at the same time`,
  );
}

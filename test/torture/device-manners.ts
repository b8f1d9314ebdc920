import type { DeviceMemoryContent } from '../../src/device/simulator/device-memory.ts';
import type { SimulatedFaults } from '../../src/device/simulator/simulated-fault.ts';
import { faultOf } from '../../src/device/simulator/simulated-fault.ts';

/** A device as the one who plugs it in knows it: its memory file, and every fault that it ever had. */
export interface KnownDevice {
  readonly number: number;
  readonly hardwareId: string;
  readonly flash: ReadonlyMap<string, Uint8Array>;
  readonly manners: DeviceManners;
}

/** What a device may have told of itself, and what was wrong with it in this round. */
export interface DeviceManners {
  /** Ids of other devices that it told. */
  readonly borrowedIds: ReadonlySet<string>;
  /** `boot`: another id after each restart. `question`: another one each time that it is asked. */
  readonly drifts: 'boot' | 'question' | undefined;
  /** It had a fault in this round, of whatever kind. */
  readonly isFaulty: boolean;
}

/** Remembers the faults of devices by their numbers. */
export class MannersBook {
  readonly #borrowed = new Map<number, Set<string>>();
  readonly #drifts = new Map<number, 'boot' | 'question'>();
  #faulty = new Set<number>();

  /** From now on a device counts as faulty only where a fault is noted again. */
  nextRound(): void {
    this.#faulty = new Set();
  }

  /** `otherId`: of the device in another slot that a twin would tell. */
  note(device: number, faults: SimulatedFaults, otherId: string | undefined): void {
    if (faults.length > 0) this.#faulty.add(device);
    const drift = faultOf(faults, 'changing-id')?.at;
    // Once it has told an id of one question, nothing that it told can be held against it.
    if (drift && this.#drifts.get(device) !== 'question') this.#drifts.set(device, drift);
    if (!faultOf(faults, 'duplicate-id') || otherId === undefined) return;
    this.#borrowed.set(device, (this.#borrowed.get(device) ?? new Set()).add(otherId));
  }

  known({ device, hardwareId, flash }: DeviceMemoryContent): KnownDevice {
    return {
      ...{ number: device, hardwareId, flash },
      manners: {
        borrowedIds: this.#borrowed.get(device) ?? new Set(),
        drifts: this.#drifts.get(device),
        isFaulty: this.#faulty.has(device),
      },
    };
  }
}

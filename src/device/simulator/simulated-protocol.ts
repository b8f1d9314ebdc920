import type { DeviceProfile } from '../profile-model.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { ProgrammerRole } from './programmer-role.ts';
import type { SimulatedFaults } from './simulated-fault.ts';

/** What a simulated device gives its protocol. */
export interface ProtocolParts {
  readonly profile: DeviceProfile;
  readonly memory: DeviceMemory;
  readonly model: string;
  /** The id that it tells now. */
  readonly identity: () => string;
  readonly send: (bytes: Uint8Array) => void;
  /** The device restarts itself, before it says anything again. */
  readonly restarted: () => void;
}

/** The device's half of a wire protocol. What it holds beside the memory is RAM. */
export interface SimulatedProtocol {
  received(bytes: Uint8Array): void;
  /** Power came: RAM is empty, and what the device says at its start is said. */
  boot(): void;
  /** Power goes: nothing that was begun, such as a restart, is done any more. */
  powerGoes?(): void;
  /** What a programmer does with it, for devices that are written by one. */
  program?(role: ProgrammerRole, faults: SimulatedFaults, unplug: () => void): ProgrammerResult;
  /** Stores values as if somebody else had provisioned the device. */
  provision(values: ReadonlyMap<string, Uint8Array>): void;
}

/** What a run of the programmer prints and ends with. */
export interface ProgrammerResult {
  readonly output: string;
  readonly status: number;
}

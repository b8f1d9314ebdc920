import { randomBytes } from 'node:crypto';
import type { DeviceProfile } from '../profile-model.ts';
import { makeHardwareId } from './device-identity.ts';
import { DeviceMemory } from './device-memory.ts';
import { foreignValues } from './foreign-credential.ts';
import type { ProgrammerRole } from './programmer-role.ts';
import { faultOf } from './simulated-fault.ts';
import type { SimulatedFaults } from './simulated-fault.ts';
import type { ProgrammerResult, SimulatedProtocol } from './simulated-protocol.ts';
import { createProtocol } from './simulated-protocols.ts';

/** What a device needs to be made. */
export interface DeviceOptions {
  readonly profile: DeviceProfile;
  readonly number: number;
  readonly seed: string;
  readonly model: string;
  readonly memoryPath: string;
  readonly faults: () => SimulatedFaults;
  /** Id of the device in another slot; undefined where there is none. */
  readonly otherId: (slot: number | undefined) => string | undefined;
  readonly send: (bytes: Uint8Array) => void;
}

/** One board: a memory, an id, and a protocol that serves both. */
export class SimulatedDevice {
  readonly number: number;
  readonly memory: DeviceMemory;
  readonly #options: DeviceOptions;
  readonly #protocol: SimulatedProtocol;
  #idOfBoot = '';

  constructor(options: DeviceOptions) {
    const { profile, faults } = options;
    this.#options = options;
    this.number = options.number;
    this.memory = DeviceMemory.open(
      options.memoryPath,
      {
        device: options.number,
        hardwareId: makeHardwareId(profile.identity, `${options.seed}/${options.number}`),
        model: options.model,
        profile: profile.name,
      },
      {
        isRefusing: () => faultOf(faults(), 'refuse') !== undefined,
        isForgetting: () => faultOf(faults(), 'forget') !== undefined,
        isLying: () => faultOf(faults(), 'wrong-answer') !== undefined,
      },
    );
    this.#protocol = createProtocol({
      profile,
      memory: this.memory,
      model: options.model,
      identity: () => this.#identity(),
      send: options.send,
      restarted: () => {
        this.#start();
      },
    });
    this.applyFaults();
  }

  /** A fault that is a matter of what the memory holds. */
  applyFaults(): void {
    const isWanted = faultOf(this.#options.faults(), 'provisioned') !== undefined;
    if (!isWanted || this.memory.content.stores > 0) return;
    this.#protocol.provision(foreignValues(this.#options.profile));
    this.memory.forgetUse();
  }

  /** Power comes. */
  boot(): void {
    this.#start();
    this.#protocol.boot();
  }

  /** Nothing is written into its memory from now on until power comes. */
  powerGoes(): void {
    this.#protocol.powerGoes?.();
  }

  received(bytes: Uint8Array): void {
    this.#protocol.received(bytes);
  }

  /** Undefined for devices that no programmer writes. */
  program(role: ProgrammerRole, unplug: () => void): ProgrammerResult | undefined {
    return this.#protocol.program?.(role, this.#options.faults(), unplug);
  }

  #start(): void {
    this.memory.boot();
    this.#idOfBoot = this.#randomId();
  }

  #identity(): string {
    const { hardwareId } = this.memory.facts;
    const faults = this.#options.faults();
    if (faultOf(faults, 'blank-id')) return hardwareId.replace(/[0-9A-Za-z]/g, '0');
    const changing = faultOf(faults, 'changing-id');
    if (changing) return changing.at === 'boot' ? this.#idOfBoot : this.#randomId();
    const duplicate = faultOf(faults, 'duplicate-id');
    return (duplicate && this.#options.otherId(duplicate.slot)) ?? hardwareId;
  }

  #randomId(): string {
    return makeHardwareId(this.#options.profile.identity, randomBytes(8).toString('hex'));
  }
}

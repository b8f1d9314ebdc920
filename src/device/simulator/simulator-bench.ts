import { KeylineError } from '../../kernel/errors.ts';
import type { DeviceProfile } from '../profile-model.ts';
import type { DeviceMemoryContent } from './device-memory.ts';
import { readDeviceMemory } from './device-memory.ts';
import type { ProgrammerServer } from './programmer-server.ts';
import { SimulatedDevice } from './simulated-device.ts';
import { formatFault } from './simulated-fault.ts';
import type { SimulatedFaults } from './simulated-fault.ts';
import { simulatedJig } from './simulated-jig.ts';
import { servePrograms } from './simulated-programs.ts';
import { SimulatedSlot } from './simulated-slot.ts';
import type { SimulatorFiles, SimulatorState } from './simulator-files.ts';

/** What is simulated. */
export interface SimulatorOptions {
  readonly profile: DeviceProfile;
  /** Made where it is missing; keeps everything. */
  readonly dir: string;
  /** Number of slots. */
  readonly count: number;
  /** By slot; undefined: those of the folder's faults.json, which is read again when it changes. */
  readonly faults?: ReadonlyMap<number, SimulatedFaults>;
  /** TCP ports of 127.0.0.1 instead of pseudo-terminals. */
  readonly tcp?: boolean;
  /** What devices say of their model; `Simulated`. */
  readonly model?: string;
  readonly onEvent?: (event: SimulatorEvent) => void;
}

/** Something happened to a slot. */
export interface SimulatorEvent {
  readonly type: 'plugged' | 'unplugged' | 'faults';
  readonly slot: number;
  readonly device: number | undefined;
}

const FAULTS_EVERY_MS = 250;
const MODEL = 'Simulated';

/** All slots of one simulator, and what they share. */
export class SimulatorBench {
  readonly files: SimulatorFiles;
  readonly slots: SimulatedSlot[] = [];
  readonly #options: SimulatorOptions;
  #state: SimulatorState;
  #faultsText: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  #programmers: ProgrammerServer | undefined;
  #isRunning = false;

  constructor(files: SimulatorFiles, options: SimulatorOptions) {
    this.files = files;
    this.#options = options;
    this.#state = files.loadState(options.profile.name);
  }

  async start(): Promise<void> {
    const { count, faults, tcp } = this.#options;
    for (let slot = 1; slot <= count; slot++) {
      const kept = this.#state.slots[String(slot)];
      this.slots.push(
        new SimulatedSlot({
          slot,
          files: this.files,
          tcpPort: tcp ? (kept?.tcpPort ?? 0) : undefined,
          changed: (isPlugged) => {
            this.#tell(isPlugged ? 'plugged' : 'unplugged', slot);
          },
        }),
      );
    }
    if (faults || this.files.loadFaults() === undefined) this.#writeFaults(faults ?? new Map());
    this.#readFaults();
    for (const slot of this.slots) {
      const device = this.#state.slots[String(slot.slot)]?.device ?? this.#takeNumber();
      await slot.put(this.#makeDevice(slot, device));
      await slot.plug();
      this.#saveSlots();
    }
    const jig = this.slots.map(({ slot, address }) => ({ slot, address }));
    this.files.write(this.files.jigPath, simulatedJig(this.#options.profile.name, jig), 0o644);
    this.#programmers = await servePrograms(this.#options.profile, this.files, this.slots);
    this.#isRunning = true;
    this.#watch = setInterval(() => {
      this.#readFaults();
    }, FAULTS_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    clearInterval(this.#watch);
    await Promise.all([this.#programmers?.close(), ...this.slots.map((slot) => slot.unplug())]);
  }

  get isProgrammed(): boolean {
    return this.#programmers !== undefined;
  }

  slot(number: number): SimulatedSlot {
    const slot = this.slots[number - 1];
    if (slot) return slot;
    throw new KeylineError('usage', { message: `there is no simulated slot ${number}` });
  }

  async replace(number: number, gapMs: number): Promise<void> {
    const slot = this.slot(number);
    await slot.put(undefined);
    if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs));
    if (!this.#isRunning) return;
    await slot.put(this.#makeDevice(slot, this.#takeNumber()));
    await slot.plug();
    this.#saveSlots();
  }

  memory(number: number): DeviceMemoryContent {
    const device = this.slot(number).device;
    if (device) return device.memory.content;
    throw new KeylineError('usage', { message: `simulated slot ${number} is empty` });
  }

  memories(): readonly DeviceMemoryContent[] {
    const numbers = Array.from({ length: this.#state.next - 1 }, (_, at) => at + 1);
    return numbers.flatMap((device) => readDeviceMemory(this.files.memoryPath(device)) ?? []);
  }

  #makeDevice(slot: SimulatedSlot, number: number): SimulatedDevice {
    const { profile, model = MODEL } = this.#options;
    return new SimulatedDevice({
      profile,
      number,
      model,
      seed: this.#state.seed,
      memoryPath: this.files.memoryPath(number),
      faults: () => slot.faults,
      otherId: (wanted) => {
        const other = this.slots.find((one) => (wanted ? one.slot === wanted : one !== slot));
        return other?.device?.memory.facts.hardwareId;
      },
      send: (bytes) => {
        slot.send(bytes);
      },
    });
  }

  #takeNumber(): number {
    const { next } = this.#state;
    // Kept before the device is: a number is never given twice.
    this.#save({ ...this.#state, next: next + 1 });
    return next;
  }

  #saveSlots(): void {
    const slots = { ...this.#state.slots };
    for (const { slot, device, tcpPort, target } of this.slots) {
      if (!device) continue;
      slots[String(slot)] = {
        ...slots[String(slot)],
        device: device.number,
        ...(target !== undefined && { address: target }),
        ...(tcpPort !== undefined && { tcpPort }),
      };
    }
    this.#save({ ...this.#state, slots });
  }

  #save(state: SimulatorState): void {
    this.#state = state;
    this.files.saveState(state);
  }

  #writeFaults(faults: ReadonlyMap<number, SimulatedFaults>): void {
    const entries = [...faults].map(([slot, list]) => [slot, list.map(formatFault)] as const);
    this.files.write(
      this.files.faultsPath,
      `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`,
    );
  }

  /** A file with mistakes in it, half typed, changes nothing. */
  #readFaults(): void {
    let faults: ReadonlyMap<number, SimulatedFaults>;
    try {
      faults = this.files.loadFaults() ?? new Map();
    } catch (error) {
      if (error instanceof KeylineError && this.#faultsText !== undefined) return;
      throw error;
    }
    const text = JSON.stringify([...faults]);
    if (text === this.#faultsText) return;
    this.#faultsText = text;
    for (const slot of this.slots) {
      slot.setFaults(faults.get(slot.slot) ?? []);
      this.#tell('faults', slot.slot);
    }
  }

  /** Of what happens between start and stop. */
  #tell(type: SimulatorEvent['type'], slot: number): void {
    if (!this.#isRunning) return;
    const device = this.slots[slot - 1]?.device?.number;
    this.#options.onEvent?.({ type, slot, device });
  }
}

import { KeylineError } from '../../kernel/errors.ts';
import { tryLock } from '../../kernel/file-lock.ts';
import type { FileLock } from '../../kernel/file-lock.ts';
import type { DeviceProfile } from '../profile-model.ts';
import type { DeviceMemoryContent } from './device-memory.ts';
import { readDeviceMemory } from './device-memory.ts';
import { SimulatedDevice } from './simulated-device.ts';
import { formatFault } from './simulated-fault.ts';
import type { SimulatedFaults } from './simulated-fault.ts';
import { simulatedJig } from './simulated-jig.ts';
import { SimulatedSlot } from './simulated-slot.ts';
import { SimulatorFiles } from './simulator-files.ts';
import type { SimulatorState } from './simulator-files.ts';

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

/** A slot as it is now. */
export interface SlotView {
  readonly slot: number;
  /** What the host opens: a link, or `tcp://127.0.0.1:port`. */
  readonly address: string;
  /** Counts all devices of the folder from 1; undefined for an empty slot. */
  readonly device: number | undefined;
  readonly isPlugged: boolean;
  /** Device was stored to and read back since, and how long ago either was last done; for who changes devices. */
  readonly isReadBack: boolean;
  readonly idleMs: number | undefined;
  /** How long the host has been saying nothing; undefined: it has said nothing to this device. */
  readonly silentMs: number | undefined;
}

/** Devices at work; disposing of it unplugs them all. Their memories stay in the folder. */
export interface Simulator extends AsyncDisposable {
  readonly jigPath: string;
  readonly slots: readonly SlotView[];
  /** The slot's device is taken out and a fresh one plugged in after `gapMs` (0). */
  replaceDevice(slot: number, options?: { readonly gapMs?: number }): Promise<void>;
  /** The slot's device is taken out for good. */
  removeDevice(slot: number): Promise<void>;
  unplug(slot: number): Promise<void>;
  plug(slot: number): Promise<void>;
  setFaults(slot: number, faults: SimulatedFaults): void;
  /** What the slot's device holds. Throws `usage` for an empty slot. */
  memory(slot: number): DeviceMemoryContent;
  /** Every device that ever was in a slot, by number, from their files. */
  memories(): readonly DeviceMemoryContent[];
  close(): Promise<void>;
}

const FAULTS_EVERY_MS = 250;
const MODEL = 'Simulated';

/**
 * Plugs simulated devices in, fresh ones or those that the folder has from before. Throws `usage`,
 * `output-busy` while another process simulates in this folder, `port-unusable`, `port-busy`.
 */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const files = new SimulatorFiles(options.dir);
  const lock = await tryLock(files.lockPath);
  if (!lock) {
    throw new KeylineError('output-busy', {
      message: `another process simulates devices in ${files.dir}`,
      hint: 'End it, or choose another folder.',
      facts: { path: files.dir },
    });
  }
  const bench = new Bench(files, options);
  try {
    await bench.start();
  } catch (error) {
    await bench.stop();
    await lock[Symbol.asyncDispose]();
    throw error;
  }
  return simulatorOf(bench, lock);
}

function simulatorOf(bench: Bench, lock: FileLock): Simulator {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= bench.stop().then(() => lock[Symbol.asyncDispose]());
    return closing;
  };
  return {
    jigPath: bench.files.jigPath,
    get slots() {
      return bench.slots.map(viewOf);
    },
    replaceDevice: (slot, { gapMs = 0 } = {}) => bench.replace(slot, gapMs),
    removeDevice: (slot) => bench.slot(slot).put(undefined),
    unplug: (slot) => bench.slot(slot).unplug(),
    plug: (slot) => bench.slot(slot).plug(),
    setFaults: (slot, faults) => {
      bench.slot(slot).setFaults(faults);
    },
    memory: (slot) => bench.memory(slot),
    memories: () => bench.memories(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** All slots of one simulator, and what they share. */
class Bench {
  readonly files: SimulatorFiles;
  readonly slots: SimulatedSlot[] = [];
  readonly #options: SimulatorOptions;
  #state: SimulatorState;
  #faultsText: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  #isStopped = false;

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
    this.#watch = setInterval(() => {
      this.#readFaults();
    }, FAULTS_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#watch);
    await Promise.all(this.slots.map((slot) => slot.unplug()));
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
    if (this.#isStopped) return;
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

  #tell(type: SimulatorEvent['type'], slot: number): void {
    const device = this.slots[slot - 1]?.device?.number;
    this.#options.onEvent?.({ type, slot, device });
  }
}

function viewOf(slot: SimulatedSlot): SlotView {
  const { memory } = slot.device ?? {};
  const since = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : performance.now() - at;
  return {
    slot: slot.slot,
    address: slot.address,
    device: slot.device?.number,
    isPlugged: slot.isPlugged,
    isReadBack: memory?.isReadBack ?? false,
    idleMs: since(memory?.lastUseAt),
    silentMs: since(slot.lastHeardAt),
  };
}

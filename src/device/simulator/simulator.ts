import { KeylineError } from '../../kernel/errors.ts';
import { tryLock } from '../../kernel/file-lock.ts';
import type { FileLock } from '../../kernel/file-lock.ts';
import type { DeviceMemoryContent } from './device-memory.ts';
import type { SimulatedFaults } from './simulated-fault.ts';
import { SimulatorBench } from './simulator-bench.ts';
import type { SimulatorOptions } from './simulator-bench.ts';
import { SimulatorFiles } from './simulator-files.ts';
import { viewOf } from './slot-view.ts';
import type { SlotView } from './slot-view.ts';

export type { SimulatorEvent, SimulatorOptions } from './simulator-bench.ts';
export type { SlotView } from './slot-view.ts';

/** Devices at work; disposing of it unplugs them all. Their memories stay in the folder. */
export interface Simulator extends AsyncDisposable {
  readonly jigPath: string;
  /** Folder of the programmers of driver `image`, to be put on the path; undefined for other drivers. */
  readonly programsPath: string | undefined;
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

/**
 * Plugs simulated devices in, fresh ones or those that the folder has from before. Throws `usage`,
 * `output-busy` while another process simulates in this folder, `port-unusable`, `port-busy`.
 */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const files = new SimulatorFiles(options.dir);
  const lock = await lockDevices(files);
  const bench = new SimulatorBench(files, options);
  try {
    await bench.start();
  } catch (error) {
    await bench.stop();
    await lock[Symbol.asyncDispose]();
    throw error;
  }
  return simulatorOf(bench, lock);
}

/** The folder's devices are this process's until the lock is disposed. Throws `output-busy`. */
export async function lockDevices(files: SimulatorFiles): Promise<FileLock> {
  const lock = await tryLock(files.lockPath);
  if (lock) return lock;
  throw new KeylineError('output-busy', {
    message: `another process simulates devices in ${files.dir}`,
    hint: 'End it, or choose another folder.',
    facts: { path: files.dir },
  });
}

function simulatorOf(bench: SimulatorBench, lock: FileLock): Simulator {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= bench.stop().then(() => lock[Symbol.asyncDispose]());
    return closing;
  };
  return {
    jigPath: bench.files.jigPath,
    programsPath: bench.isProgrammed ? bench.files.programsPath : undefined,
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

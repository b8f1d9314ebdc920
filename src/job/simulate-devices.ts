import { parseFault } from '../device/simulator/simulated-fault.ts';
import type { SimulatedFault } from '../device/simulator/simulated-fault.ts';
import { createSimulator } from '../device/simulator/simulator.ts';
import type { Simulator, SimulatorEvent, SlotView } from '../device/simulator/simulator.ts';
import { KeylineError } from '../kernel/errors.ts';
import { loadProfile } from './check-device-file.ts';

export { FAULT_FORMS } from '../device/simulator/simulated-fault.ts';
export type { SimulatorEvent, SlotView } from '../device/simulator/simulator.ts';

/** What is simulated, and for how long. */
export interface SimulationOptions {
  /** A file, or the name of a shipped profile. */
  readonly profile: string;
  readonly count: number;
  readonly dir: string;
  readonly tcp: boolean;
  readonly model?: string | undefined;
  /** `SLOT=FAULT,FAULT`; none: those of the folder's faults.json. */
  readonly faults: readonly string[];
  /** A device that was read back makes room for a fresh one, up to `limit` devices in all. */
  readonly autoload: boolean;
  readonly limit?: number | undefined;
  /** Ends after so many seconds. */
  readonly seconds?: number | undefined;
  /** Ends when every device was provisioned and read back. */
  readonly once: boolean;
  readonly patience?: Partial<Patience>;
  readonly signal: AbortSignal;
  readonly onReady?: (simulation: Simulation) => void;
  readonly onEvent?: (event: SimulatorEvent) => void;
}

/** A simulation at work. */
export interface Simulation {
  readonly dir: string;
  readonly jig: string;
  /** Where the programmers of driver `image` are, to be put on the path; undefined for other drivers. */
  readonly programs: string | undefined;
  readonly slots: readonly Pick<SlotView, 'slot' | 'address' | 'device'>[];
}

/** What came of a simulation. */
export interface SimulationResult {
  readonly dir: string;
  /** Devices that were plugged in. */
  readonly devices: number;
  /** Those that were stored to and read back. */
  readonly readBack: number;
}

/** How an operator who changes devices would wait, in milliseconds. */
export interface Patience {
  /** Nobody has looked at a device's memory for so long: its verification is over. 1 s. */
  readonly doneAfterMs: number;
  /** A device that nobody gets done is taken out. 20 s. */
  readonly givenUpAfterMs: number;
  /** Between one device and the next. 500 ms. */
  readonly gapMs: number;
}

const LOOK_EVERY_MS = 50;
const PATIENCE: Patience = { doneAfterMs: 1_000, givenUpAfterMs: 20_000, gapMs: 500 };

/**
 * Simulates devices until the signal fires, or `once`, `limit` or `seconds` is reached. Throws `not-found`,
 * `profile-invalid`, `usage`, `output-busy`, `port-unusable`, `port-busy`.
 */
export async function simulateDevices(options: SimulationOptions): Promise<SimulationResult> {
  const { count, dir, tcp, model, signal, onEvent } = options;
  const profile = await loadProfile(options.profile);
  const faults = faultsBySlot(options.faults, count);
  await using simulator = await createSimulator({
    profile,
    dir,
    count,
    tcp,
    ...(model !== undefined && { model }),
    ...(options.faults.length > 0 && { faults }),
    ...(onEvent && { onEvent }),
  });
  options.onReady?.({
    dir,
    jig: simulator.jigPath,
    programs: simulator.programsPath,
    slots: simulator.slots,
  });
  return await attend(simulator, options, signal);
}

async function attend(
  simulator: Simulator,
  options: SimulationOptions,
  signal: AbortSignal,
): Promise<SimulationResult> {
  const { autoload, once, limit = Infinity, seconds = Infinity, dir } = options;
  const patience = { ...PATIENCE, ...options.patience };
  const end = performance.now() + seconds * 1_000;
  const done = new Set<number>();
  let devices = simulator.slots.length;
  const changing = new Set<number>();
  const errors: unknown[] = [];
  while (!signal.aborted && performance.now() < end && errors.length === 0) {
    for (const view of simulator.slots) {
      if (view.device === undefined || changing.has(view.slot)) continue;
      if (isDone(view, patience)) done.add(view.device);
      if (!autoload || !(isDone(view, patience) || isGivenUp(view, patience))) continue;
      const isLast = devices >= limit;
      if (!isLast) devices += 1;
      changing.add(view.slot);
      const change = isLast
        ? simulator.removeDevice(view.slot)
        : simulator.replaceDevice(view.slot, { gapMs: patience.gapMs });
      void change
        .catch((error: unknown) => errors.push(error))
        .finally(() => changing.delete(view.slot));
    }
    const left = simulator.slots.filter(({ device }) => device !== undefined);
    if (autoload && left.length === 0 && changing.size === 0) break;
    if (once && !autoload && left.every(({ device = 0 }) => done.has(device))) break;
    await nextLook(signal);
  }
  if (errors.length > 0) throw errors[0];
  return { dir, devices, readBack: done.size };
}

function isDone({ isReadBack, idleMs }: SlotView, { doneAfterMs }: Patience): boolean {
  return isReadBack && idleMs !== undefined && idleMs > doneAfterMs;
}

function isGivenUp({ idleMs, silentMs }: SlotView, { givenUpAfterMs }: Patience): boolean {
  if (silentMs === undefined) return false;
  return Math.min(idleMs ?? Infinity, silentMs) > givenUpAfterMs;
}

function nextLook(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, LOOK_EVERY_MS);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
}

function faultsBySlot(
  texts: readonly string[],
  count: number,
): ReadonlyMap<number, readonly SimulatedFault[]> {
  const faults = new Map<number, SimulatedFault[]>();
  for (const text of texts) {
    const [, slot = '', list = ''] = /^(\d+)=(.+)$/.exec(text) ?? [];
    const number = Number(slot);
    if (list === '' || number < 1 || number > count) {
      throw new KeylineError('usage', {
        message: `${JSON.stringify(text)} is not a slot of 1 to ${count} and its faults`,
        hint: 'Write --fault 2=silent, or --fault 3=drop:50,noise.',
      });
    }
    faults.set(number, [...(faults.get(number) ?? []), ...list.split(',').map(parseFault)]);
  }
  return faults;
}

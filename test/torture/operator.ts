import type {
  SimulatedFault,
  SimulatedFaults,
} from '../../src/device/simulator/simulated-fault.ts';
import { faultOf } from '../../src/device/simulator/simulated-fault.ts';
import { MannersBook } from './device-manners.ts';
import { drawBoardFault, drawPassingFault } from './faults.ts';
import type { Floor } from './floor.ts';
import type { Random } from './random.ts';
import type { Said } from './station-order.ts';

const LOOK_EVERY_MS = 40;

/** Who plugs devices in and out, as chance wants it, and remembers what was wrong with each. */
export class Operator {
  readonly book = new MannersBook();
  /** Faults that came to a device, by their kind. */
  readonly faults = new Map<string, number>();
  /** Cables pulled and devices changed while a station ran. */
  unplugs = 0;
  readonly #floor: Floor;
  #random: Random;
  /** By device. */
  readonly #boards = new Map<number, SimulatedFault>();
  readonly #passing = new Map<number, SimulatedFault>();
  /** Of devices that left while a station ran. */
  readonly #readBack = new Map<number, boolean>();
  readonly #busy = new Map<number, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(floor: Floor, random: Random) {
    this.#floor = floor;
    this.#random = random;
  }

  /** Sets the slots up for a round. `calm`: nothing goes wrong, and boards that are bad are changed. */
  async prepare(random: Random, options: { readonly calm: boolean }): Promise<void> {
    this.#random = random;
    this.book.nextRound();
    this.#readBack.clear();
    for (const { slot, device = 0 } of this.#floor.simulator.slots) {
      this.#passing.delete(slot);
      if (options.calm && this.#boards.has(device)) await this.#change(slot, true);
      if (!options.calm)
        this.#passIn(slot, drawPassingFault(random.fork(slot), this.#floor.profile));
      this.#setFaults(slot);
      if (options.calm || random.chance(40)) await this.#powerCycle(slot);
      else await this.#floor.simulator.plug(slot);
    }
  }

  /** Every cable is pulled and put back: what a dead station had sent and was not taken yet is gone. */
  async quiet(): Promise<void> {
    for (const { slot } of this.#floor.simulator.slots) await this.#powerCycle(slot);
  }

  /** Works until `end`: pulls cables at moments of its own, and plugs in what is out. */
  begin(): void {
    this.#timer = setInterval(() => {
      for (const { slot, isPlugged } of this.#floor.simulator.slots) {
        if (!isPlugged) this.#do(slot, () => this.#floor.simulator.plug(slot));
        else if (this.#random.below(600) === 0) this.#do(slot, () => this.#powerCycle(slot));
      }
    }, LOOK_EVERY_MS);
  }

  /** A device that passed makes room for the next one, most of the time; one that failed is tried again or not. */
  hears(said: Said): void {
    if (said.said !== 'passed' && said.said !== 'failed') return;
    const isChanged = this.#random.chance(said.said === 'passed' ? 85 : 50);
    const { slot } = said;
    // What was wrong is mended now and then, so that devices come to an end.
    if (said.said === 'failed' && this.#random.chance(60)) this.#passing.delete(slot);
    this.#do(slot, () => (isChanged ? this.#change(slot, false) : this.#powerCycle(slot)));
  }

  /** Lets go of everything; what was begun is finished. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#busy.values());
  }

  /** Devices in slots and those that left in this round: whether each was read after it was stored to. */
  readBack(): ReadonlyMap<number, boolean> {
    const now = this.#floor.simulator.slots.flatMap(({ device, isReadBack }) =>
      device === undefined ? [] : [[device, isReadBack] as const],
    );
    return new Map([...this.#readBack, ...now]);
  }

  /** Whether this device says who it is, and has no foreign credential. */
  isGood(device: number): boolean {
    return !this.#boards.has(device);
  }

  /** Numbers of the devices come from elsewhere: their faults come with them. */
  async put(numbers: readonly number[]): Promise<void> {
    await this.#floor.putDevices(numbers);
    for (const { slot } of this.#floor.simulator.slots) this.#setFaults(slot);
  }

  #do(slot: number, work: () => Promise<void>): void {
    if (this.#busy.has(slot)) return;
    const done = work().finally(() => this.#busy.delete(slot));
    this.#busy.set(slot, done);
  }

  async #powerCycle(slot: number): Promise<void> {
    const { simulator } = this.#floor;
    this.#noteLeaving(slot);
    await simulator.unplug(slot);
    this.unplugs += 1;
    this.#setFaults(slot);
    await simulator.plug(slot);
  }

  /** A fresh device. Its faults are there before it is, and never on the one before it. */
  async #change(slot: number, isGood: boolean): Promise<void> {
    const { simulator, slots } = this.#floor;
    this.#noteLeaving(slot);
    await simulator.removeDevice(slot);
    this.unplugs += 1;
    const board = isGood ? undefined : drawBoardFault(this.#random, slots);
    const passing = this.#passing.get(slot);
    simulator.setFaults(slot, board ? [board] : passing ? [passing] : []);
    await simulator.replaceDevice(slot);
    const device = simulator.slots[slot - 1]?.device ?? 0;
    if (board) {
      this.#boards.set(device, board);
      this.#count(board);
    }
    this.#setFaults(slot);
  }

  #noteLeaving(slot: number): void {
    const view = this.#floor.simulator.slots[slot - 1];
    if (view?.device === undefined) return;
    this.#readBack.set(view.device, view.isReadBack);
  }

  #passIn(slot: number, fault: SimulatedFault | undefined): void {
    if (!fault) return;
    this.#passing.set(slot, fault);
    this.#count(fault);
  }

  #setFaults(slot: number): void {
    const { simulator } = this.#floor;
    const device = simulator.slots[slot - 1]?.device ?? 0;
    const all = [this.#boards.get(device), this.#passing.get(slot)];
    const faults: SimulatedFaults = all.filter((fault) => fault !== undefined);
    simulator.setFaults(slot, faults);
    this.#noteAll();
  }

  /** A twin tells the id of whoever is in the other slot at the moment. */
  #noteAll(): void {
    const { slots } = this.#floor.simulator;
    for (const { slot, device } of slots) {
      if (device === undefined) continue;
      const board = this.#boards.get(device);
      const passing = this.#passing.get(slot);
      const faults = [board, passing].filter((fault) => fault !== undefined);
      const twin = faultOf(faults, 'duplicate-id')?.slot;
      const other = twin === undefined ? undefined : slots[twin - 1]?.device;
      const otherId = other === undefined ? undefined : this.#idOf(twin ?? 0);
      this.book.note(device, faults, otherId);
    }
  }

  #idOf(slot: number): string {
    return this.#floor.simulator.memory(slot).hardwareId;
  }

  #count({ kind }: SimulatedFault): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }
}

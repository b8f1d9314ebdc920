import type { RawEvent } from './read-ledger.ts';

/** A unit as its events give it. */
export interface ReplayedUnit {
  readonly index: number;
  readonly hardwareId: string;
  readonly state: string;
  /** Its secret may have gone to the device. */
  readonly isUsed: boolean;
  /** Of its last failure. */
  readonly code: string | undefined;
  /** Of its last event. */
  readonly seq: number;
}

/** docs/shapes.md, its table of states, once more: state → event → state. */
const MOVES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  free: { reserved: 'reserved', adopted: 'written' },
  reserved: { writing: 'writing', released: 'free' },
  writing: { written: 'written', failed: 'failed' },
  written: { verified: 'verified', failed: 'failed' },
  verified: { checked: 'verified', done: 'done', failed: 'failed' },
  done: { checked: 'done', failed: 'failed' },
  failed: { writing: 'writing', verified: 'verified', failed: 'failed' },
};

const OF_NO_UNIT = ['created', 'admitted', 'refused'];

/** Adds up the events of a ledger with one lot, by rules of its own. */
export class Replay {
  readonly units = new Map<number, ReplayedUnit>();
  /** Every device to which an index may have been written, by index; more than one is the worst of all. */
  readonly holders = new Map<number, Set<string>>();
  readonly #ofDevice = new Map<string, Set<number>>();
  #end = 0;

  /** How many units there are. */
  get size(): number {
    return this.#end;
  }

  /** What is wrong with the event, in words. */
  apply(event: RawEvent): string[] {
    if (event.type === 'admitted') {
      for (const { from, count } of event.ranges ?? [])
        this.#end = Math.max(this.#end, from + count);
    }
    if (OF_NO_UNIT.includes(event.type)) return [];
    const { index = -1, hardwareId = '', type, seq } = event;
    const before = this.units.get(index);
    const wrong: string[] = [];
    const state = MOVES[before?.state ?? 'free']?.[type];
    if (state === undefined) {
      wrong.push(`event ${seq}: unit ${index} is ${before?.state ?? 'free'} and becomes ${type}`);
    }
    if (before && before.hardwareId !== hardwareId) {
      wrong.push(`event ${seq}: unit ${index} of ${before.hardwareId} goes to ${hardwareId}`);
    }
    if (type === 'reserved' && index !== this.#lowestFree()) {
      wrong.push(`event ${seq}: unit ${index} is reserved, and ${this.#lowestFree()} is free`);
    }
    if (state === 'free') this.units.delete(index);
    else {
      const isUsed = (before?.isUsed ?? false) || type === 'writing' || type === 'adopted';
      const code = event.code ?? before?.code;
      this.units.set(index, { index, hardwareId, state: state ?? type, isUsed, code, seq });
      if (isUsed) wrong.push(...this.#use(index, hardwareId, seq));
    }
    return wrong;
  }

  /** The unit that this device has, if it has one. */
  unitOf(hardwareId: string): ReplayedUnit | undefined {
    return [...this.units.values()].find((unit) => unit.hardwareId === hardwareId);
  }

  #use(index: number, hardwareId: string, seq: number): string[] {
    const holders = this.holders.get(index) ?? new Set();
    const indexes = this.#ofDevice.get(hardwareId) ?? new Set();
    const wrong: string[] = [];
    if (holders.size > 0 && !holders.has(hardwareId)) {
      wrong.push(`event ${seq}: unit ${index} goes to ${hardwareId} and went to another device`);
    }
    if (indexes.size > 0 && !indexes.has(index)) {
      wrong.push(`event ${seq}: ${hardwareId} gets unit ${index} and has one already`);
    }
    this.holders.set(index, holders.add(hardwareId));
    this.#ofDevice.set(hardwareId, indexes.add(index));
    return wrong;
  }

  #lowestFree(): number {
    let index = 0;
    while (this.units.has(index)) index += 1;
    return index;
  }
}

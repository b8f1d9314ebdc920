import type { KnownDevice } from './device-manners.ts';
import { compareTables } from './ledger-tables.ts';
import { NOTHING_KNOWN } from './read-ledger.ts';
import type { KnownHead, RawEvent, RawLedger } from './read-ledger.ts';
import { Replay } from './replay.ts';
import type { ReplayedUnit } from './replay.ts';
import type { Holding, UnitTable } from './units.ts';

/** What must hold whatever was killed; each name is one promise of docs/reliability.md. */
export const LAWS = [
  'one-device-a-credential',
  'own-credential-again',
  'no-unrecorded-credential',
  'no-false-pass',
  'verified-means-read',
  'inspected-before-written',
  'foreign-stays',
  'told-means-recorded',
  'no-index-lost',
  'ledger-whole',
  'witness-true',
  'ends-clean',
  'copies-refused',
] as const;
export type Law = (typeof LAWS)[number];

/** A promise that was broken, and by what. */
export interface Violation {
  readonly law: Law;
  readonly what: string;
}

/** All that is there after a station has died; none of it is what the station says, but its claims of a pass. */
export interface Scene {
  /** Read from where the last scene ended. */
  readonly ledger: RawLedger;
  /** Every device that ever was, by its memory file. */
  readonly devices: readonly KnownDevice[];
  /** Whether a device’s flash was read after it was last stored to; of those that were in a slot. */
  readonly readBack: ReadonlyMap<number, boolean>;
  /** Units of which an operator was told that they passed. */
  readonly toldPasses: readonly { readonly hardwareId: string; readonly index: number }[];
  /** The head in the witness, where there is one. */
  readonly witness: KnownHead | undefined;
  readonly hasWitness: boolean;
  /** It ended by itself, or was asked to. */
  readonly isCleanEnd: boolean;
}

/** Holds scene after scene of one station against the laws. */
export class Checker {
  readonly replay = new Replay();
  readonly #units: UnitTable;
  /** Of every event that was ever seen, by sequence number. */
  readonly #hashes = new Map<number, string>();
  #head: KnownHead = NOTHING_KNOWN;
  #before = new Map<number, Holding>();
  #flashBefore = new Map<number, string>();

  constructor(units: UnitTable) {
    this.#units = units;
  }

  /** The last event that was read; the next scene’s ledger is to be read from here. */
  get head(): KnownHead {
    return this.#head;
  }

  /** What is wrong with this scene. */
  check(scene: Scene): Violation[] {
    const held = new Map(scene.devices.map((one) => [one, this.#units.heldBy(one.flash)]));
    const found: Violation[] = [];
    const add = (law: Law, what: string): void => {
      found.push({ law, what });
    };
    this.#checkLedger(scene, add);
    this.#checkRewrites(scene, add);
    for (const [device, holding] of held) this.#checkDevice(device, holding, add);
    checkTwins(held, add);
    this.#checkPasses(scene, held, add);
    this.#checkWitness(scene, add);
    if (scene.isCleanEnd) this.#checkEnd(scene, add);
    this.#before = new Map([...held].map(([{ number }, holding]) => [number, holding]));
    this.#flashBefore = new Map(
      scene.devices.map(({ number, flash }) => [number, flashText(flash)]),
    );
    const last = scene.ledger.events.at(-1);
    if (last) this.#head = { seq: last.seq, hash: last.hash };
    return found;
  }

  /** Reads the whole ledger once more: what was on record once is so for ever. */
  checkHistory({ events, flaws }: RawLedger): Violation[] {
    const changed = events.filter(({ seq, hash }) => this.#hashes.get(seq) !== hash);
    const wrong = [...flaws, ...changed.map(({ seq }) => `event ${seq} was another one`)];
    if (events.length !== this.#hashes.size) wrong.push(`${events.length} events are left`);
    return wrong.map((what) => ({ law: 'ledger-whole', what }));
  }

  #checkLedger({ ledger }: Scene, add: Add): void {
    for (const flaw of ledger.flaws) add('ledger-whole', flaw);
    for (const event of ledger.events) {
      this.#hashes.set(event.seq, event.hash);
      for (const what of this.replay.apply(event)) add(lawOf(what), what);
    }
    for (const what of compareTables(ledger, this.replay)) add('no-index-lost', what);
  }

  /** A device that came back whole, and had no fault, is verified and not written again. */
  #checkRewrites({ ledger, devices }: Scene, add: Add): void {
    const seen = new Set<string>();
    for (const { type, hardwareId = '', index, seq } of ledger.events) {
      if (type !== 'writing' || seen.has(hardwareId)) continue;
      seen.add(hardwareId);
      const device = devices.find((one) => one.hardwareId === hardwareId);
      if (!device || device.manners.isFaulty || index === undefined) continue;
      if (devices.some((one) => one !== device && mayBe(one, hardwareId))) continue;
      if (this.#before.get(device.number)?.whole === index) {
        add('inspected-before-written', `event ${seq}: device ${device.number} held unit ${index}`);
      }
    }
  }

  #checkDevice(device: KnownDevice, { touched }: Holding, add: Add): void {
    const before = this.#before.get(device.number);
    const isChanged = flashText(device.flash) !== this.#flashBefore.get(device.number);
    if (before?.isForeign && before.touched.size === 0 && isChanged) {
      add('foreign-stays', `device ${device.number} held another maker’s credential`);
    }
    for (const index of touched) {
      const holders = this.replay.holders.get(index) ?? new Set();
      if ([...holders].some((id) => mayBe(device, id))) continue;
      const of = holders.size === 0 ? 'nobody' : [...holders].join(', ');
      const what = `device ${device.number} (${device.hardwareId}) holds unit ${index}`;
      add('no-unrecorded-credential', `${what}, which the ledger gave to ${of}`);
    }
  }

  #checkPasses(scene: Scene, held: ReadonlyMap<KnownDevice, Holding>, add: Add): void {
    const passed = [...this.replay.units.values()].filter(isPassed);
    for (const unit of passed) {
      const holders = [...held].filter(([device]) => mayBe(device, unit.hardwareId));
      if (holders.some(([, { whole }]) => whole === unit.index)) continue;
      add('no-false-pass', `unit ${unit.index} is ${unit.state}, and no device of its id holds it`);
    }
    for (const event of scene.ledger.events.filter(isProof)) this.#checkRead(event, scene, add);
    for (const { hardwareId, index } of scene.toldPasses) {
      if (scene.ledger.events.some((event) => isPassOf(event, hardwareId, index))) continue;
      add('told-means-recorded', `unit ${index} of ${hardwareId} passed, and is not on record`);
    }
  }

  /** Its flash was read since it was last stored to: else whoever says `verified` has not looked. */
  #checkRead({ seq, hardwareId = '' }: RawEvent, scene: Scene, add: Add): void {
    const device = scene.devices.find((one) => one.hardwareId === hardwareId);
    const unit = this.replay.unitOf(hardwareId);
    if (!device || !unit || !isPassed(unit)) return;
    if (scene.devices.some((one) => one !== device && mayBe(one, hardwareId))) return;
    if (scene.readBack.get(device.number) !== false) return;
    add('verified-means-read', `event ${seq}: device ${device.number} was not read`);
  }

  #checkWitness({ witness, hasWitness, ledger, toldPasses }: Scene, add: Add): void {
    if (!hasWitness) return;
    const last = ledger.events.at(-1) ?? this.#head;
    const seq = witness?.seq ?? 0;
    if (seq > last.seq) add('witness-true', `it knows of event ${seq}, the ledger of ${last.seq}`);
    const named = ledger.events.find((event) => event.seq === seq);
    if (named && named.hash !== witness?.hash) add('witness-true', `event ${seq} is another one`);
    for (const { hardwareId, index } of toldPasses) {
      const event = ledger.events.find((one) => isPassOf(one, hardwareId, index));
      if (event && event.seq > seq) {
        add('witness-true', `a pass was told at event ${event.seq}, and it knows of ${seq}`);
      }
    }
  }

  /** Whoever ends by itself leaves nothing half done that it began. */
  #checkEnd({ ledger }: Scene, add: Add): void {
    const touched = new Set(ledger.events.map(({ index }) => index));
    for (const { index, state } of this.replay.units.values()) {
      const isOpen = state === 'reserved' || (touched.has(index) && IN_HAND.includes(state));
      if (isOpen) add('ends-clean', `unit ${index} was left ${state}`);
    }
  }
}

type Add = (law: Law, what: string) => void;

const IN_HAND: readonly string[] = ['reserved', 'writing', 'written'];

/** Two devices that both tell nothing but their own ids never share anything. */
function checkTwins(held: ReadonlyMap<KnownDevice, Holding>, add: Add): void {
  const owners = new Map<number, KnownDevice>();
  for (const [device, { touched }] of held) {
    if (device.manners.borrowedIds.size > 0) continue;
    for (const index of touched) {
      const owner = owners.get(index);
      owners.set(index, device);
      if (!owner) continue;
      add('one-device-a-credential', `${index}: devices ${owner.number} and ${device.number}`);
    }
  }
}

/** Whether a device may have told this id. */
function mayBe({ hardwareId, manners }: KnownDevice, id: string): boolean {
  if (id === hardwareId) return manners.drifts !== 'question';
  return manners.borrowedIds.has(id) || manners.drifts === 'boot';
}

function isPassed({ state }: ReplayedUnit): boolean {
  return state === 'verified' || state === 'done';
}

function isProof({ type }: RawEvent): boolean {
  return type === 'verified' || type === 'checked';
}

function isPassOf(event: RawEvent, hardwareId: string, index: number): boolean {
  const isPass = event.type === 'done' || event.type === 'checked';
  return isPass && event.hardwareId === hardwareId && event.index === index;
}

function lawOf(what: string): Law {
  if (what.includes('went to another')) return 'one-device-a-credential';
  if (what.includes('has one already')) return 'own-credential-again';
  return what.includes('is free') ? 'no-index-lost' : 'ledger-whole';
}

function flashText(flash: ReadonlyMap<string, Uint8Array>): string {
  return [...flash].map(([name, bytes]) => `${name}=${Buffer.from(bytes).toString('hex')}`).join();
}

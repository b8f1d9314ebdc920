import { DeviceFailure } from '../model/failure.ts';
import type { FailureCode } from '../model/failure.ts';
import type { EndpointKey } from '../model/ids.ts';
import type { EventContext } from '../model/ledger-event.ts';
import { unitSerial } from '../model/serial-template.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { isLive } from '../model/unit-state.ts';
import type { UnitMove, UnitState } from '../model/unit-state.ts';
import type { ProvisionRun, UnitStep } from './provision-run.ts';

/** Failures that show that a device does not hold what it held when it passed. */
const UNDOES_A_PASS: readonly FailureCode[] = ['verify-mismatch', 'not-stored', 'duplicate-id'];

type Move = Exclude<UnitMove, 'reserved' | 'adopted' | 'replaced' | 'imported' | 'rejected'>;

/** One device in the ledger: its unit, and the state in which this run has left it. */
export class UnitOnRecord {
  readonly #run: ProvisionRun;
  readonly #slot: string | undefined;
  #hardwareId: string | undefined;
  #index: number | undefined;
  #state: UnitState = 'free';
  #attempt = 1;
  #isReservedHere = false;
  /** It had passed before this run touched it. */
  #hadPassed = false;

  constructor(run: ProvisionRun, slot: string | undefined) {
    this.#run = run;
    this.#slot = slot;
  }

  get state(): UnitState {
    return this.#state;
  }

  get hardwareId(): string {
    if (this.#hardwareId !== undefined) return this.#hardwareId;
    throw new Error('the device was not identified');
  }

  get index(): number {
    if (this.#index !== undefined) return this.#index;
    throw new Error('the device has no unit');
  }

  get hasUnit(): boolean {
    return this.#index !== undefined;
  }

  /** Hardware id, unit and attempt, as far as they are known. */
  get known() {
    const index = this.#index;
    const { lot } = this.#run.open;
    const unit = index === undefined ? {} : { index, serial: unitSerial(lot, index) };
    return { hardwareId: this.#hardwareId, attempt: this.#attempt, ...unit };
  }

  /** The live unit of a device, if it has one. Throws DeviceFailure `duplicate-id` for one of another lot. */
  find(hardwareId: string): UnitRecord | undefined {
    this.#hardwareId = hardwareId;
    const record = this.#run.ledger.byHardwareId(hardwareId).find(({ state }) => isLive(state));
    if (!record) return undefined;
    if (record.lotId !== this.#run.open.lot.lotId) {
      const of = `unit ${record.index} of lot ${record.lotId}`;
      throw new DeviceFailure('duplicate-id', `device ${hardwareId} has ${of}`);
    }
    this.#index = record.index;
    this.#state = record.state;
    this.#attempt = record.failures + 1;
    this.#hadPassed = record.state === 'verified' || record.state === 'done';
    return record;
  }

  /** Gives a device without a unit the next free one. Throws `lot-used-up`. */
  async reserve(): Promise<void> {
    if (this.#index !== undefined) return;
    const { ledger, open, ranges } = this.#run;
    const { hardwareId } = this;
    const { lotId } = open.lot;
    const made = await ledger.reserve({ hardwareId, lotId, ranges, ...this.context });
    this.#index = made.index;
    this.#state = made.state;
    this.#attempt = made.attempt;
    this.#isReservedHere = made.isNew;
  }

  /** Makes the credential that a device holds its unit. Throws `index-conflict`. */
  async adopt(index: number, endpointKey: EndpointKey): Promise<void> {
    const { ledger, open } = this.#run;
    const { hardwareId } = this;
    const { lotId } = open.lot;
    await ledger.adopt({ hardwareId, lotId, index, endpointKey, ...this.context });
    this.#index = index;
    this.#state = 'written';
  }

  /** Puts a move of the unit on record. */
  async move(type: Move, detail: object = {}): Promise<void> {
    const { ledger, open } = this.#run;
    const unit = { lotId: open.lot.lotId, index: this.index, hardwareId: this.hardwareId };
    type Event = Parameters<typeof ledger.record>[0];
    await ledger.record({ type, ...unit, ...detail, ...this.context } as Event);
    if (type === 'checked') return;
    if (type === 'failed') this.#attempt += 1;
    if (type === 'verified' || type === 'writing') this.#hadPassed = false;
    this.#state = type === 'released' ? 'free' : type;
  }

  /** From now on its failures count again: the after-pass program of a unit that was never done. */
  expectDone(): void {
    this.#hadPassed = false;
  }

  /**
   * Puts a failure on record as what may have happened to the device: nothing (`released`, `refused`),
   * or a unit that `failed`. A unit that had passed stays so unless the failure shows otherwise.
   */
  async fail(code: FailureCode, reason: string, step: UnitStep): Promise<void> {
    if (this.#state === 'reserved' && this.#isReservedHere) {
      await this.move('released', { code, reason });
      this.#index = undefined;
      return;
    }
    const isUntouched = this.#hadPassed && !UNDOES_A_PASS.includes(code);
    const isRefused = this.#state === 'failed' && step === 'inspect';
    const hasNone = this.#index === undefined || this.#state === 'reserved';
    if (!hasNone && !isUntouched && !isRefused) {
      await this.move('failed', { code, reason });
    } else if (code !== 'interrupted') {
      const { ledger, open } = this.#run;
      const who = this.#hardwareId === undefined ? {} : { hardwareId: this.#hardwareId };
      const detail = { code, reason, ...this.context };
      await ledger.record({ type: 'refused', lotId: open.lot.lotId, ...who, ...detail });
    }
  }

  /** Where and by whom. */
  get context(): EventContext {
    return { ...this.#run.context, ...(this.#slot !== undefined && { slot: this.#slot }) };
  }
}

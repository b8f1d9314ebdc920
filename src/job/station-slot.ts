import type { Driver } from '../device/driver.ts';
import { acceptHardwareId } from '../device/hardware-id.ts';
import { WireLog } from '../device/wire-log.ts';
import type { WireEntry } from '../device/wire-log.ts';
import { KeylineError } from '../kernel/errors.ts';
import { DeviceFailure, FAILURES } from '../model/failure.ts';
import type { DeviceSession } from './device-session.ts';
import type { LiveDevice, LiveDevices } from './live-devices.ts';
import type { ScanDesk, ScanWanted } from './scan-desk.ts';
import type { FailedUnit, Outcome, PassedUnit, ProvisionRun } from './provision-run.ts';
import { provisionUnit } from './provision-unit.ts';
import type { SlotPresence } from './slot-presence.ts';
import type { StationEvent } from './station-event.ts';
import type { UnitLimit } from './unit-limit.ts';

/** What a slot shares with the others of its run. */
export interface SlotParts {
  readonly number: number;
  readonly run: ProvisionRun;
  readonly driver: Driver;
  readonly presence: SlotPresence;
  readonly devices: LiveDevices;
  readonly limit: UnitLimit;
  /** Ends the slot as soon as no unit is in its hands. */
  readonly signal: AbortSignal;
  /** What is to be scanned, and by which desk. */
  readonly scans?: { readonly desk: ScanDesk; readonly wanted: readonly ScanWanted[] } | undefined;
  readonly maxAttempts: number;
  readonly once: boolean;
  readonly onEvent: (event: StationEvent) => void;
  readonly onWire?: ((entry: WireEntry) => void) | undefined;
}

/** Failures after which the port has to be opened anew first. */
const OF_THE_PORT: readonly string[] = ['port-gone', 'port-busy', 'interrupted'];

/** One slot of a run: device after device, until the signal fires or the limit is reached. */
export class StationSlot {
  readonly #parts: SlotParts;
  #live: LiveDevice | undefined;
  /** The device that stands in the slot passed. */
  #passed: PassedUnit | undefined;
  #twin: Promise<void> = Promise.resolve();

  constructor(parts: SlotParts) {
    this.#parts = parts;
  }

  /** Throws what no device can help. */
  async work(): Promise<void> {
    const { presence, limit, signal, number, once, onEvent } = this.#parts;
    try {
      while (!signal.aborted) {
        onEvent({ type: 'waiting', slot: number });
        const session = await presence.arrival();
        const scannedId = await this.#scanBoard(session);
        if (scannedId === false) {
          await presence[Symbol.asyncDispose]();
          continue;
        }
        if (!(await limit.begin(signal))) return;
        let outcome: Outcome | undefined;
        try {
          outcome = await this.#provision(session, scannedId);
        } finally {
          limit.end(outcome?.ok === true && outcome.kind !== 'checked');
        }
        if (once) return;
        await presence.departure(outcome.hardwareId);
        await this.#left();
        onEvent({ type: 'removed', slot: number });
      }
    } catch (error) {
      if (error instanceof DeviceFailure) this.#portFailed(error);
      else if (!(error instanceof KeylineError && error.code === 'interrupted')) throw error;
    } finally {
      await this.#left();
      await presence[Symbol.asyncDispose]();
    }
  }

  /** The slot's port cannot be used, and nobody waits until it can. */
  #portFailed({ code, reason }: DeviceFailure): void {
    const { number, onEvent } = this.#parts;
    const unit: FailedUnit = { ok: false, code, reason, step: 'identify' };
    onEvent({ type: 'failed', slot: number, unit, again: false, seconds: 0 });
  }

  /** The board's barcode, undefined where none is wanted, or false where the board left before. */
  async #scanBoard(session: DeviceSession): Promise<string | undefined | false> {
    const { scans, number, signal, onEvent } = this.#parts;
    if (!scans?.wanted.includes('board')) return undefined;
    const left = new AbortController();
    void session.closed.then(() => {
      left.abort();
    });
    onEvent({ type: 'scan', slot: number, wants: 'board' });
    try {
      return await scans.desk.next(number, AbortSignal.any([signal, left.signal]));
    } catch (error) {
      if (!left.signal.aborted || signal.aborted) throw error;
      return false;
    }
  }

  #scanLabel(serial: string): Promise<string> {
    const { scans, number, signal, onEvent } = this.#parts;
    if (!scans) return Promise.reject(new Error('nothing is scanned in this run'));
    onEvent({ type: 'scan', slot: number, wants: 'label', serial });
    return scans.desk.next(number, signal);
  }

  async #provision(session: DeviceSession, scannedId: string | undefined): Promise<Outcome> {
    const { run, driver, number, signal, maxAttempts, onEvent, onWire, scans } = this.#parts;
    const asksForLabel = scans?.wanted.includes('label') === true;
    for (let attempt = 1; ; attempt++) {
      const began = performance.now();
      const outcome = await provisionUnit(run, {
        ...{ driver, session, signal, scannedId, slot: String(number), onWire },
        ...(asksForLabel && { scanLabel: (serial: string) => this.#scanLabel(serial) }),
        arrived: (hardwareId) => this.#arrived(hardwareId),
        onStep: (step) => {
          onEvent({ type: 'step', slot: number, step });
        },
      });
      const seconds = (performance.now() - began) / 1000;
      if (outcome.ok) {
        this.#passed = outcome;
        onEvent({ type: 'passed', slot: number, unit: outcome, seconds });
        return outcome;
      }
      const again =
        attempt < maxAttempts &&
        !signal.aborted &&
        FAILURES[outcome.code].retryable &&
        !OF_THE_PORT.includes(outcome.code);
      onEvent({ type: 'failed', slot: number, unit: outcome, again, seconds });
      if (!again) return outcome;
    }
  }

  #arrived(hardwareId: string): LiveDevice {
    if (this.#live?.hardwareId !== hardwareId) {
      this.#live?.[Symbol.dispose]();
      this.#live = this.#parts.devices.arrive(hardwareId, () => {
        this.#twin = this.#twin.then(() => this.#undoPass());
      });
    }
    return this.#live;
  }

  /** Another slot has got a device with the same id: the pass of this one says nothing any more. */
  async #undoPass(): Promise<void> {
    const passed = this.#passed;
    if (!passed) return;
    this.#passed = undefined;
    const { run, number, onEvent } = this.#parts;
    const { hardwareId, index, serial, attempt } = passed;
    const code = 'duplicate-id';
    const reason = `another slot has a device with hardware id ${hardwareId} too`;
    const unit = { lotId: run.open.lot.lotId, index, hardwareId };
    const context = { ...run.context, slot: String(number) };
    await run.ledger.record({ type: 'failed', ...unit, ...context, code, reason });
    const failed: FailedUnit = {
      ...{ ok: false, code, reason, step: 'record' },
      ...{ hardwareId, index, serial, attempt },
    };
    const undoesPass = passed.kind !== 'checked';
    onEvent({
      ...{ type: 'failed', slot: number, unit: failed, again: false, undoesPass },
      seconds: 0,
    });
  }

  async #left(): Promise<void> {
    this.#live?.[Symbol.dispose]();
    this.#live = undefined;
    await this.#twin;
    this.#passed = undefined;
  }
}

/** Who is at a polled port: the id, '' for somebody who cannot be understood, undefined for nobody. */
export async function whoIsThere(
  parts: Pick<SlotParts, 'run' | 'driver' | 'signal'>,
  session: DeviceSession,
): Promise<string | undefined> {
  using log = new WireLog({ sink: () => undefined });
  try {
    const context = session.context(log, parts.signal);
    return acceptHardwareId(await parts.driver.identify(context), parts.run.profile.identity);
  } catch (error) {
    if (!(error instanceof DeviceFailure)) throw error;
    const isNobody = ['no-answer', 'timeout', 'port-gone', 'port-busy'].includes(error.code);
    return isNobody ? undefined : '';
  }
}

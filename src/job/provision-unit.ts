import type { Captures, DriverContext, Evidence } from '../device/driver.ts';
import { acceptHardwareId } from '../device/hardware-id.ts';
import { WireLog } from '../device/wire-log.ts';
import { eventText } from '../model/ledger-event.ts';
import { KeylineError } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';
import type { EndpointKey } from '../model/ids.ts';
import type { UnitRecord } from '../model/unit-record.ts';
import { unitSerial } from '../model/serial-template.ts';
import { runAfterPass } from './after-pass.ts';
import { decideUnit } from './decide-unit.ts';
import type { Decision } from './decide-unit.ts';
import { findHeldUnit } from './find-held-unit.ts';
import type { LiveDevice } from './live-devices.ts';
import { matchLabel, refuseLabel } from './match-label.ts';
import type { Outcome, PassedUnit, ProvisionRun, SlotDevice, UnitStep } from './provision-run.ts';
import { failureOf, saysNotWhole } from './unit-failure.ts';
import { UnitOnRecord } from './unit-on-record.ts';
import { unitSecrets } from './unit-secrets.ts';
import type { UnitSecrets } from './unit-secrets.ts';

/**
 * Takes one device through all steps: identify, inspect, reserve, identify again, write, verify,
 * identify again, after-pass program. Each is on record before the next begins, so that a device comes
 * back to its own unit whatever happens. A device that fails is an outcome, and its failure on record.
 * Throws only what no device can help: a ledger that is damaged, a defect.
 */
export async function provisionUnit(run: ProvisionRun, device: SlotDevice): Promise<Outcome> {
  using log = new WireLog({ sink: device.onWire ?? (() => undefined) });
  using unit = new UnitRun(run, device, log);
  return await unit.run();
}

class UnitRun implements Disposable {
  readonly #run: ProvisionRun;
  readonly #device: SlotDevice;
  readonly #log: WireLog;
  readonly #unit: UnitOnRecord;
  /** A unit that is being written is finished whatever is interrupted: each wait has its own deadline. */
  readonly #never = new AbortController().signal;
  #step: UnitStep = 'identify';
  #live: LiveDevice | undefined;
  #secrets: UnitSecrets | undefined;
  #before: UnitRecord | undefined;

  constructor(run: ProvisionRun, device: SlotDevice, log: WireLog) {
    this.#run = run;
    this.#device = device;
    this.#log = log;
    this.#unit = new UnitOnRecord(run, device.slot);
  }

  async run(): Promise<Outcome> {
    try {
      return await this.#provision();
    } catch (error) {
      const failure = failureOf(error);
      if (failure) return await this.#fail(failure);
      await this.#fail(new DeviceFailure('interrupted', 'the run ended with an error'));
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#secrets?.[Symbol.dispose]();
  }

  async #provision(): Promise<Outcome> {
    const { driver, signal } = this.#device;
    const before = this.#context(signal);
    this.#enter('identify');
    const hardwareId = await this.#identify(before);
    const record = this.#unit.find(hardwareId);
    this.#before = record;
    this.#live = this.#device.arrived(hardwareId);
    this.#live.check();
    if (this.#run.checkModel) {
      this.#run.checkModel(driver.model ? await driver.model(before) : '');
    }
    this.#enter('inspect');
    const held = await driver.inspect(before);
    if (record) await this.#derive(record.index);
    const retiredKey = record && (await this.#retiredKey(record));
    const { overwrite } = this.#run;
    const decision = decideUnit({ held, record, own: this.#secrets, retiredKey, overwrite });
    return await this.#act(decision, before);
  }

  async #act(decision: Decision, before: DriverContext): Promise<Outcome> {
    switch (decision.act) {
      case 'refuse':
        throw new DeviceFailure(decision.code, decision.reason);
      case 'verify':
        return await this.#pass('verified', await this.#verify(before));
      case 'verify-or-write': {
        const evidence = await this.#verifyIfWhole(before);
        if (evidence) return await this.#pass('verified', evidence);
        return await this.#write(before, undefined);
      }
      case 'adopt':
        return await this.#adopt(decision.endpointKey, before);
      case 'write':
        return await this.#write(before, decision.overwrites);
    }
  }

  async #write(before: DriverContext, overwrites: string | undefined): Promise<Outcome> {
    const { driver } = this.#device;
    if (this.#run.mode === 'verify') {
      throw new DeviceFailure('verify-mismatch', 'the device does not hold its credential');
    }
    const captures = driver.captures ? await driver.captures(before) : {};
    this.#enter('reserve');
    await this.#unit.reserve();
    if (!this.#secrets) await this.#derive(this.#unit.index);
    await this.#identifyAgain(before);
    if (this.#unit.state === 'writing' || this.#unit.state === 'written') {
      // What a run that died has left is closed before the next attempt.
      const reason = 'the run before ended before it was verified';
      await this.#unit.move('failed', { code: 'interrupted', reason });
    }
    this.#live?.check();
    this.#enter('write');
    await this.#unit.move('writing', overwrites === undefined ? {} : { overwrites });
    const during = this.#context(this.#never);
    const told = await driver.write(during, this.#secretsNow().values);
    await this.#unit.move('written', this.#captured({ ...captures, ...told }));
    return await this.#pass('written', await this.#verify(during));
  }

  async #adopt(endpointKey: EndpointKey, before: DriverContext): Promise<Outcome> {
    if (this.#run.mode === 'verify') {
      throw new DeviceFailure('already-provisioned', `this ledger does not know ${endpointKey}`);
    }
    const index = await findHeldUnit(this.#run, endpointKey, this.#device.signal);
    await this.#identifyAgain(before);
    this.#live?.check();
    await this.#unit.adopt(index, endpointKey);
    await this.#derive(index);
    return await this.#pass('adopted', await this.#verify(this.#context(this.#never)));
  }

  /** Evidence, or undefined for a device that does not hold its credential whole. */
  async #verifyIfWhole(before: DriverContext): Promise<Evidence | undefined> {
    try {
      return await this.#verify(before);
    } catch (error) {
      if (saysNotWhole(error)) return undefined;
      throw error;
    }
  }

  async #verify(context: DriverContext): Promise<Evidence> {
    this.#enter('verify');
    return await this.#device.driver.verify(context, this.#secretsNow().values);
  }

  /** Puts on record that it is verified, once the device has said again who it is, and ends the unit. */
  async #pass(how: PassedUnit['kind'], evidence: Evidence): Promise<Outcome> {
    const idAfter = await this.#identifyAgain(this.#context(this.#never));
    this.#live?.check();
    this.#enter('record');
    const proven = { ...evidence, detail: this.#log.mask(evidence.detail) };
    const wasDone = this.#unit.state === 'done';
    if (this.#unit.state === 'writing') await this.#unit.move('written');
    const isCheck = wasDone || this.#unit.state === 'verified';
    const scanned = isCheck ? {} : this.#boardScanned();
    await this.#unit.move(isCheck ? 'checked' : 'verified', {
      evidence: proven,
      idAfter,
      ...scanned,
    });
    // A look at a device runs no program, so it ends no unit whose program has not run.
    if (!wasDone && this.#run.mode === 'provision') {
      this.#unit.expectDone();
      await this.#printLabel();
      const label = await this.#scanLabel();
      await this.#afterPass(proven);
      this.#live?.check();
      await this.#unit.move('done', label === undefined ? {} : { label });
    }
    return { ...this.#handled(), ok: true, kind: wasDone ? 'checked' : how, evidence: proven };
  }

  async #printLabel(): Promise<void> {
    const { labels } = this.#run;
    const { index, hardwareId, context } = this.#unit;
    const due = labels?.due(index, this.#before);
    if (!labels || !due) return;
    this.#enter('label');
    await labels.print({ index, hardwareId, context, reason: due.reason });
  }

  /** What was scanned of the unit's label, fit for the record; undefined where nobody is asked. */
  async #scanLabel(): Promise<string | undefined> {
    const { scanLabel } = this.#device;
    if (!scanLabel) return undefined;
    this.#enter('scan');
    const { open } = this.#run;
    const { index } = this.#unit;
    return await matchLabel(open, index, await scanLabel(unitSerial(open.lot, index)));
  }

  #boardScanned(): { captures?: Captures } {
    const { scannedId } = this.#device;
    const isId = this.#run.profile.identity.from === 'scan';
    return isId || scannedId === undefined ? {} : this.#captured({ board: scannedId });
  }

  async #afterPass(evidence: Evidence): Promise<void> {
    const { afterPass, open, station, ledger } = this.#run;
    if (!afterPass) return;
    this.#enter('hook');
    const { attempt, ...unit } = this.#handled();
    const { lotId, code: lot } = open.lot;
    const { captures } = ledger.unit(lotId, unit.index) ?? {};
    const { slot } = this.#device;
    const input = { unit: { lotId, lot, ...unit }, attempt, station, slot, evidence, captures };
    await runAfterPass(afterPass, input);
  }

  async #identify(context: DriverContext): Promise<string> {
    const { identity } = this.#run.profile;
    const { scannedId, driver } = this.#device;
    if (scannedId !== undefined) refuseLabel(scannedId);
    if (identity.from !== 'scan') {
      return acceptHardwareId(await driver.identify(context), identity);
    }
    if (scannedId !== undefined) return acceptHardwareId(scannedId, identity);
    throw new DeviceFailure('blank-id', 'the profile takes the id from a scan, and none was made');
  }

  /** Ports get renumbered, and boards are changed. */
  async #identifyAgain(context: DriverContext): Promise<string> {
    const again = await this.#identify(context);
    const { hardwareId } = this.#unit;
    if (again === hardwareId) return again;
    throw new DeviceFailure('id-changed', `device ${hardwareId} says now that it is ${again}`);
  }

  async #derive(index: number): Promise<void> {
    const { open, renderer } = this.#run;
    const secrets = await unitSecrets(open, index, renderer);
    this.#secrets = secrets;
    for (const secret of secrets.values.secrets) this.#log.protect(secret);
  }

  async #retiredKey({ replaces }: UnitRecord): Promise<EndpointKey | undefined> {
    if (replaces === undefined) return undefined;
    const { open, renderer } = this.#run;
    using retired = await unitSecrets(open, replaces, renderer);
    return retired.endpointKey;
  }

  /** What is on record afterwards is exactly what may have happened to the device. */
  async #fail(failure: DeviceFailure): Promise<Outcome> {
    const { code } = failure;
    const reason = eventText(this.#log.mask(failure.reason)) || code;
    const step = this.#step;
    const outcome = { ok: false, code, reason, step, ...this.#unit.known } as const;
    try {
      await this.#unit.fail(code, reason, step);
      return outcome;
    } catch (error) {
      if (!(error instanceof KeylineError) || error.code !== 'disk-full') throw error;
      return { ...outcome, code: 'ledger-full', reason: error.message };
    }
  }

  #context(signal: AbortSignal): DriverContext {
    return this.#device.session.context(this.#log, signal);
  }

  #enter(step: UnitStep): void {
    this.#step = step;
    this.#log.note(step);
    this.#device.onStep?.(step);
  }

  #secretsNow(): UnitSecrets {
    if (this.#secrets) return this.#secrets;
    throw new Error('the device has no unit');
  }

  #captured(captures: Captures): { captures?: Captures } {
    const masked = Object.entries(captures).map(([name, text]) => [name, this.#log.mask(text)]);
    return masked.length > 0 ? { captures: Object.fromEntries(masked) as Captures } : {};
  }

  #handled() {
    const { index, hardwareId, known } = this.#unit;
    const { endpointKey } = this.#secretsNow();
    const serial = unitSerial(this.#run.open.lot, index);
    return { hardwareId, index, serial, endpointKey, attempt: known.attempt };
  }
}

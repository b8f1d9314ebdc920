import { setTimeout as delay } from 'node:timers/promises';
import { fixedAddress, isPortOf } from '../device/jig.ts';
import type { JigSlot } from '../device/jig.ts';
import { listPorts } from '../device/ports/list-ports.ts';
import type { PortAddress } from '../device/ports/port-address.ts';
import type { PresenceMode } from '../device/profile-model.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';
import { DeviceSession } from './device-session.ts';
import type { SessionOptions } from './device-session.ts';
import { failureOf } from './unit-failure.ts';

/** What tells a device's coming and going stands on. */
export interface PresenceParts {
  readonly slot: JigSlot;
  readonly mode: PresenceMode;
  readonly session: SessionOptions;
  /** Ends every wait with `interrupted`. */
  readonly signal: AbortSignal;
  /** Between two looks. */
  readonly everyMs: number;
  /** Looks without an answer after which a polled device is gone. */
  readonly misses: number;
  /** A slot whose device does not answer, or whose port cannot be used, has a device that fails. */
  readonly once: boolean;
  /** Asks who is there: an id, or undefined for nobody. `garbled`: somebody, unknown who. */
  readonly whoIsThere: (session: DeviceSession) => Promise<string | undefined>;
  /** Resolves when a person says that a device is in the slot. */
  readonly nextByOperator: (slot: number, signal: AbortSignal) => Promise<void>;
  /** The port cannot be used, and why; undefined: it can be used again. */
  readonly onTrouble: (message: string | undefined) => void;
}

/** How one slot knows that a device came or went. Disposing of it closes the port. */
export class SlotPresence implements AsyncDisposable {
  readonly #parts: PresenceParts;
  #session: DeviceSession | undefined;
  #trouble: DeviceFailure | undefined;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /** The open port with a device at it. Throws `interrupted`, and once DeviceFailure for a port that stays unusable. */
  async arrival(): Promise<DeviceSession> {
    const { mode, slot, signal } = this.#parts;
    if (mode === 'operator') await this.#parts.nextByOperator(slot.slot, signal);
    for (;;) {
      const session = await this.#open();
      if (mode === 'usb' || mode === 'operator') return session;
      if (await this.#isPresent(session)) return session;
    }
  }

  /** Resolves when the device with this id has left; undefined: it never said who it is. Throws `interrupted`. */
  async departure(hardwareId: string | undefined): Promise<void> {
    const { mode, signal } = this.#parts;
    const session = this.#session;
    if (!session) return;
    if (mode === 'usb') {
      await closedOrAborted(session, signal);
      throwIfAborted(signal);
      await this[Symbol.asyncDispose]();
    } else if (mode === 'operator') {
      await this[Symbol.asyncDispose]();
    } else if (mode === 'poll') {
      await this.#untilAnother(session, hardwareId);
    } else {
      while (await this.#lineIsHigh(session)) await this.#pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.[Symbol.asyncDispose]();
  }

  /** The port, opened as soon as it can be. */
  async #open(): Promise<DeviceSession> {
    const { signal, once, misses } = this.#parts;
    for (let look = 1; ; look++) {
      throwIfAborted(signal);
      if (this.#session) return this.#session;
      const address = await this.#address();
      if (address) this.#session = await this.#tryOpen(address);
      if (this.#session) continue;
      if (this.#trouble && once && look >= misses) throw this.#trouble;
      await this.#pause();
    }
  }

  async #address(): Promise<PortAddress | undefined> {
    const { slot } = this.#parts;
    const fixed = fixedAddress(slot);
    if (fixed) return fixed;
    const found = (await listPorts()).filter((port) => isPortOf(slot, port));
    const [only] = found;
    if (found.length > 1) {
      const paths = found.map(({ path }) => path).join(', ');
      this.#tell(new DeviceFailure('port-gone', `${found.length} ports fit this slot: ${paths}`));
    } else if (!only) this.#tell(undefined);
    return only && found.length === 1 ? { kind: 'serial', path: only.path } : undefined;
  }

  async #tryOpen(address: PortAddress): Promise<DeviceSession | undefined> {
    try {
      const session = await DeviceSession.open(address, this.#parts.session);
      this.#tell(undefined);
      return session;
    } catch (error) {
      if (!(error instanceof KeylineError) || !error.code.startsWith('port-')) throw error;
      // A USB port that is missing is a board that is not there yet.
      const mayBeMissing = address.kind === 'serial' && this.#parts.mode === 'usb';
      const isTrouble = error.code !== 'port-missing' || !mayBeMissing;
      this.#tell(isTrouble ? failureOf(error) : undefined);
      return undefined;
    }
  }

  /** Whether a device is there, once; a port that went away is opened anew. */
  async #isPresent(session: DeviceSession): Promise<boolean> {
    if (this.#parts.mode !== 'poll') {
      if (await this.#lineIsHigh(session)) return true;
      await this.#pause();
      return false;
    }
    for (let look = 1; ; look++) {
      if (this.#session !== session) return false;
      if ((await this.#ask(session)) !== undefined) return true;
      if (this.#parts.once && look >= this.#parts.misses) return true;
      await this.#pause();
    }
  }

  async #untilAnother(session: DeviceSession, hardwareId: string | undefined): Promise<void> {
    for (let misses = 0; misses < this.#parts.misses && this.#session === session;) {
      await this.#pause();
      const id = await this.#ask(session);
      if (id === undefined) misses += 1;
      else if (hardwareId !== undefined && id !== hardwareId && id !== '') return;
      else misses = 0;
    }
  }

  async #ask(session: DeviceSession): Promise<string | undefined> {
    const id = await this.#parts.whoIsThere(session);
    throwIfAborted(this.#parts.signal);
    if (id === undefined && session.isClosed) await this[Symbol.asyncDispose]();
    return id;
  }

  async #lineIsHigh(session: DeviceSession): Promise<boolean> {
    if (session.isClosed) {
      await this[Symbol.asyncDispose]();
      return false;
    }
    const lines = await session.lines();
    if (!lines) {
      const reason = 'this port does not tell its lines; use another presence';
      const trouble = new DeviceFailure('port-gone', reason);
      if (this.#parts.once) throw trouble;
      this.#tell(trouble);
    }
    const { mode } = this.#parts;
    const name = mode === 'line:dcd' ? 'dcd' : mode === 'line:cts' ? 'cts' : 'dsr';
    return lines?.[name] === true;
  }

  #tell(trouble: DeviceFailure | undefined): void {
    if (trouble?.reason !== this.#trouble?.reason) this.#parts.onTrouble(trouble?.reason);
    this.#trouble = trouble;
  }

  async #pause(): Promise<void> {
    const { everyMs, signal } = this.#parts;
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
    throwIfAborted(signal);
  }
}

async function closedOrAborted(session: DeviceSession, signal: AbortSignal): Promise<void> {
  let onAbort: (() => void) | undefined;
  await new Promise<void>((resolve) => {
    onAbort = resolve;
    void session.closed.then(resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) resolve();
  });
  if (onAbort) signal.removeEventListener('abort', onAbort);
}

import type { HeldConfiguration } from '../../../custody/configuration.ts';
import { KeylineError } from '../../../kernel/errors.ts';
import type { CheckIn, DeviceState, DeviceWire, NamedConfiguration } from './device-wire.ts';
import type { EscrowMemory } from './escrow-memory.ts';
import type { OwnCredential } from './own-credential.ts';
import { verifyDelivery } from './verify-delivery.ts';

/** What a device tells of its life at a registry. */
export type EscrowEvent =
  /** In escrow mode: it proved its credential, has no owner's configuration to follow, and waits. */
  | { readonly type: 'waiting' }
  /** It was switched on, and what it keeps verifies: it follows that, whoever answers. */
  | ({ readonly type: 'kept' } & Held)
  /** It verified a configuration up to its trust anchor and keeps it. */
  | ({ readonly type: 'accepted'; readonly owners: number } & Held)
  /** In normal mode: the registry knows that it follows this configuration. */
  | ({ readonly type: 'active' } & Held)
  /** What was delivered does not verify; it stays as it was. */
  | { readonly type: 'refused'; readonly reason: string; readonly message: string }
  /** The registry does not take its credential. */
  | { readonly type: 'unauthenticated' }
  /** Nobody answers, or not as a registry does. */
  | { readonly type: 'unreachable'; readonly code: string; readonly message: string };

/** A configuration that was verified, by what a registry is told of it. */
interface Held extends HeldConfiguration {
  readonly digest: string;
}

/** What a device is made of, and what surrounds it. */
export interface EscrowParts {
  readonly own: OwnCredential;
  readonly memory: EscrowMemory;
  readonly wire: DeviceWire;
  readonly onEvent: (event: EscrowEvent) => void;
  /** Throws `interrupted`. */
  readonly pause: (ms: number) => Promise<void>;
  /** Milliseconds that only rise. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** What may be better at the next try. */
const PASSING = ['registry-unavailable', 'registry-untrusted', 'registry-failed'];

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** What a device does that was built and has no owner yet, until it has one, and then for the next. */
export class EscrowDevice {
  readonly #parts: EscrowParts;
  #held: Held | undefined;
  /** The last state that was told. */
  #told = '';
  /** Tries in a row that came to nothing. */
  #failures = 0;

  constructor(parts: EscrowParts) {
    this.#parts = parts;
  }

  /** Runs until it is interrupted, which it throws; whatever a registry does, it goes on. */
  async live(): Promise<never> {
    this.#remember();
    for (;;) {
      try {
        await this.#proveCredential();
        await this.#serve();
      } catch (error) {
        await this.#fail(error);
      }
    }
  }

  /** What it keeps is verified at each start: a memory may have been tampered with. */
  #remember(): void {
    const { own, memory } = this.#parts;
    if (!memory.delivery) return;
    try {
      const { configuration, digest } = verifyDelivery(own, memory.delivery);
      const { step, version } = configuration;
      this.#held = { step, version, digest };
      this.#tell({ type: 'kept', ...this.#held });
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #proveCredential(): Promise<void> {
    const { own, wire } = this.#parts;
    let refusal: unknown;
    for (const { basic, sign } of own.proofs) {
      const header = basic ?? sign?.(wire.audience, await wire.nonce()) ?? '';
      try {
        await wire.openSession(header);
        return;
      } catch (error) {
        if (!isCode(error, 'unauthenticated')) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  /** Goes on as long as its session does. */
  async #serve(): Promise<never> {
    let state = await this.#checkIn();
    for (;;) {
      const news = this.#newsIn(state);
      state = news ? await this.#take(news) : await this.#wait(state);
    }
  }

  /** The configuration of the state that it does not have. */
  #newsIn({ config }: DeviceState): NamedConfiguration | undefined {
    const held = this.#held;
    const isHeld =
      held?.step === config?.step &&
      held?.version === config?.version &&
      held?.digest === config?.digest;
    return isHeld ? undefined : config;
  }

  /** Verifies first, keeps then, and only then acknowledges. */
  async #take(named: NamedConfiguration): Promise<DeviceState> {
    const { own, memory, wire } = this.#parts;
    const bytes = await wire.fetch(named.url);
    try {
      const before = { held: this.#held, named };
      const { configuration, digest, owners } = verifyDelivery(own, bytes, before);
      memory.keep(bytes);
      const { step, version } = configuration;
      this.#held = { step, version, digest };
      this.#failures = 0;
      this.#tell({ type: 'accepted', ...this.#held, owners });
    } catch (error) {
      this.#refuse(error);
      const { step, version, digest } = named;
      await this.#checkIn({ step, version, digest, status: 'refused' });
      await this.#pause();
    }
    return await this.#checkIn();
  }

  async #wait(state: DeviceState): Promise<DeviceState> {
    const { wire, now } = this.#parts;
    const isActive = state.mode === 'normal' && this.#held;
    this.#tell(isActive ? { type: 'active', ...isActive } : { type: 'waiting' });
    const since = now();
    const next = await wire.wait();
    const isNew = next.mode !== state.mode || this.#newsIn(next) !== undefined;
    // A registry that does not wait is not asked again and again.
    if (!isNew && now() - since < FIRST_PAUSE_MS) await this.#pause();
    else this.#failures = 0;
    return next;
  }

  async #checkIn(config?: CheckIn['config']): Promise<DeviceState> {
    const { memory, wire } = this.#parts;
    const applied = this.#held && { ...this.#held, status: 'applied' as const };
    const said = config ?? applied;
    return await wire.checkIn({
      hardwareId: memory.hardwareId,
      firmware: `keyline simulated ${memory.profile}`,
      counter: memory.nextCounter(),
      ...(said && { config: said }),
    });
  }

  #refuse(error: unknown): void {
    if (!isCode(error, 'custody-invalid')) throw error;
    const { message, facts } = error;
    this.#told = '';
    this.#parts.onEvent({ type: 'refused', reason: String(facts['reason']), message });
  }

  async #fail(error: unknown): Promise<void> {
    if (isCode(error, 'unauthenticated')) {
      // A session that ended is opened again at once; a credential that is not taken can wait.
      if (this.#failures > 0) this.#tell({ type: 'unauthenticated' });
    } else if (error instanceof KeylineError && PASSING.includes(error.code)) {
      this.#tell({ type: 'unreachable', code: error.code, message: error.message });
    } else throw error;
    const { facts } = error;
    await this.#pause(Number(facts['retryAfterSeconds'] ?? 0) * 1_000);
  }

  /** Once, until it is another. */
  #tell(event: EscrowEvent): void {
    const text = JSON.stringify(event);
    if (text !== this.#told) this.#parts.onEvent(event);
    this.#told = text;
  }

  /** From a second to an hour, each time twice as long, spread so that devices do not come all at once. */
  async #pause(leastMs = 0): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    await this.#parts.pause(Math.max(leastMs, longest * this.#parts.random()));
  }
}

function isCode(error: unknown, code: string): error is KeylineError {
  return error instanceof KeylineError && error.code === code;
}

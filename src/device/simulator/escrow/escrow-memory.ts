import { utf8 } from '../../../kernel/bytes.ts';
import type { DeviceMemory } from '../device-memory.ts';

const DELIVERY = 'registry/configuration';
const COUNTER = 'registry/counter';

/** What a device keeps of its life at a registry, beside what the factory wrote; it outlives a restart. */
export class EscrowMemory {
  readonly #memory: DeviceMemory;

  constructor(memory: DeviceMemory) {
    this.#memory = memory;
  }

  get hardwareId(): string {
    return this.#memory.facts.hardwareId;
  }

  get profile(): string {
    return this.#memory.facts.profile;
  }

  /** The last configuration that was accepted, with its chain, as it came. */
  get delivery(): Uint8Array | undefined {
    return this.#memory.content.flash.get(DELIVERY);
  }

  /** Throws `output-unwritable`: what is not kept is not acknowledged. */
  keep(delivery: Uint8Array): void {
    this.#memory.store({ [DELIVERY]: delivery });
  }

  /** The next number of a check-in; kept before it is used, so that it never runs backwards. */
  nextCounter(): number {
    const text = this.#memory.content.flash.get(COUNTER);
    const next = text ? Number(Buffer.from(text).toString()) + 1 : 1;
    this.#memory.store({ [COUNTER]: utf8(String(next)) });
    return next;
  }
}

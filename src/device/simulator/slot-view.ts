import type { SimulatedSlot } from './simulated-slot.ts';

/** A slot as it is now. */
export interface SlotView {
  readonly slot: number;
  /** What the host opens: a link, or `tcp://127.0.0.1:port`. */
  readonly address: string;
  /** Counts all devices of the folder from 1; undefined for an empty slot. */
  readonly device: number | undefined;
  readonly isPlugged: boolean;
  /** Device was stored to and read back since, and how long ago either was last done; for who changes devices. */
  readonly isReadBack: boolean;
  readonly idleMs: number | undefined;
  /** How long the host has been saying nothing; undefined: it has said nothing to this device. */
  readonly silentMs: number | undefined;
}

/** The slot at this moment. */
export function viewOf(slot: SimulatedSlot): SlotView {
  const { memory } = slot.device ?? {};
  const since = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : performance.now() - at;
  return {
    slot: slot.slot,
    address: slot.address,
    device: slot.device?.number,
    isPlugged: slot.isPlugged,
    isReadBack: memory?.isReadBack ?? false,
    idleMs: since(memory?.lastUseAt),
    silentMs: since(slot.lastHeardAt),
  };
}

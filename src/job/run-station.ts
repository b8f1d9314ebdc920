import { setMaxListeners } from 'node:events';
import type { Jig, JigSlot } from '../device/jig.ts';
import type { WireEntry } from '../device/wire-log.ts';
import type { Port } from '../device/ports/port.ts';
import { KeylineError } from '../kernel/errors.ts';
import { LiveDevices } from './live-devices.ts';
import type { OpenLine } from './open-line.ts';
import { SlotPresence } from './slot-presence.ts';
import type { StationEvent, StationTally } from './station-event.ts';
import { StationSlot, whoIsThere } from './station-slot.ts';
import type { SlotParts } from './station-slot.ts';
import { countEvent, noCounts } from './station-tally.ts';
import { UnitLimit } from './unit-limit.ts';

/** How a station works. */
export interface StationOptions {
  readonly jig: Jig;
  /** Only these slots of the jig; all unless given. */
  readonly slots?: readonly number[] | undefined;
  /** Units that may pass. */
  readonly limit?: number | undefined;
  /** For one device before it is to be taken out; 1. */
  readonly maxAttempts?: number | undefined;
  /** Each slot takes one device. */
  readonly once?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onEvent?: ((event: StationEvent) => void) | undefined;
  /** What goes over the line of each slot, secrets masked. */
  readonly onWire?: ((slot: number, entry: WireEntry) => void) | undefined;
  /** Resolves when a person says that a device is in the slot. */
  readonly nextByOperator?: ((slot: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** What is scanned of each device, and by which desk. */
  readonly scans?: SlotParts['scans'];
  /** Between two looks for a device; 250. */
  readonly everyMs?: number | undefined;
  readonly memory?: ((name: string) => Promise<Port>) | undefined;
}

const EVERY_MS = 250;
const MISSES = 3;

/**
 * Works on all slots of a jig at once, each on its own, until the signal fires, the limit is reached
 * or (`once`) each slot has had a device. Units in hand are finished or rolled back first. Throws
 * `usage` for a slot that the jig does not have, and what no device can help, the other slots ended.
 */
export async function runStation(line: OpenLine, options: StationOptions): Promise<StationTally> {
  const tally = noCounts();
  const stop = new AbortController();
  // One for each slot and each of its waits.
  setMaxListeners(0, stop.signal);
  const onAbort = (): void => {
    stop.abort();
  };
  if (options.signal.aborted) stop.abort();
  options.signal.addEventListener('abort', onAbort, { once: true });
  const limit = new UnitLimit(options.limit);
  const onEvent = (event: StationEvent): void => {
    countEvent(tally, event);
    options.onEvent?.(event);
    const isLast = event.type === 'passed' && options.limit === tally.passed;
    if (isLast) stop.abort();
  };
  const shared = { devices: new LiveDevices(), limit, signal: stop.signal, onEvent };
  const slots = slotsOf(options).map((slot) => makeSlot(line, { slot, options, shared }));
  try {
    const ended = await Promise.allSettled(
      slots.map((slot) =>
        slot.work().catch((error: unknown) => {
          stop.abort();
          throw error;
        }),
      ),
    );
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    return { ...tally, interrupted: options.signal.aborted };
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

function makeSlot(
  line: OpenLine,
  by: {
    readonly slot: JigSlot;
    readonly options: StationOptions;
    readonly shared: {
      readonly devices: LiveDevices;
      readonly limit: UnitLimit;
      readonly signal: AbortSignal;
      readonly onEvent: (event: StationEvent) => void;
    };
  },
): StationSlot {
  const { slot, options, shared } = by;
  const { run } = line;
  const { signal, onEvent } = shared;
  const driver = line.driver();
  const { once = false, maxAttempts = 1, everyMs = EVERY_MS, memory, scans } = options;
  const presence = new SlotPresence({
    ...{ slot, signal, everyMs, once, misses: MISSES },
    mode: slot.presence ?? run.profile.presence,
    session: { baudRate: run.profile.port.baudRate, memory },
    whoIsThere: (session) => whoIsThere({ run, driver, signal }, session),
    nextByOperator: options.nextByOperator ?? nobody,
    onTrouble: (message) => {
      if (message === undefined) onEvent({ type: 'waiting', slot: slot.slot });
      else onEvent({ type: 'port', slot: slot.slot, message });
    },
  });
  return new StationSlot({
    ...{ ...shared, number: slot.slot, run, driver, presence, maxAttempts, once, scans },
    onWire: (entry) => options.onWire?.(slot.slot, entry),
  });
}

function slotsOf({ jig, slots }: StationOptions): readonly JigSlot[] {
  const missing = slots?.find((number) => !jig.slots.some(({ slot }) => slot === number));
  if (missing !== undefined) {
    throw new KeylineError('usage', { message: `jig ${jig.name} has no slot ${missing}` });
  }
  return jig.slots.filter(({ slot }) => slots?.includes(slot) ?? true);
}

function nobody(): Promise<void> {
  return Promise.reject(
    new KeylineError('usage', {
      message: 'a slot waits for a person, and nobody is there to ask',
      hint: 'Run the station at a terminal, or give the slot another presence in the jig.',
    }),
  );
}

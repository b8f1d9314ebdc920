import type { Clock } from '../../kernel/clock.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { findSessionDevices } from '../auth/sessions.ts';
import { Batcher } from '../http/batcher.ts';
import type { Device } from '../store/devices.ts';
import { statesOf } from './device-state.ts';
import type { DeviceState, Signing } from './device-state.ts';

/** A device with a session that stands, and what it is told. */
export interface SeenDevice {
  readonly device: Device;
  readonly state: DeviceState;
}

/** Some ten milliseconds of signing, in which on SQLite nobody else has a turn. */
const MOST = 64;
/** While one batch is signed, the database answers for the other. */
const AT_ONCE = 2;

/**
 * Looks whose session it is and what the device is to have, for many devices at once: ten thousand that wait and are
 * woken by one decision share transactions, signatures aside.
 */
export class DeviceLooks {
  readonly #batcher: Batcher<string, SeenDevice | undefined>;

  constructor(parts: Signing & { readonly clock: Clock }) {
    const isOfAll = (error: unknown): boolean => {
      const explained = parts.store.explain(error);
      return explained instanceof KeylineError && explained.code === 'registry-unavailable';
    };
    this.#batcher = new Batcher((tokens) => look(parts, tokens), {
      ...{ most: MOST, atOnce: AT_ONCE, isOfAll },
    });
  }

  /** The device behind a token, as of now, with what is due to it signed; undefined where the session has ended. */
  look(token: string): Promise<SeenDevice | undefined> {
    return this.#batcher.ask(token);
  }
}

async function look(
  parts: Signing & { readonly clock: Clock },
  tokens: readonly string[],
): Promise<(SeenDevice | undefined)[]> {
  const { store, clock } = parts;
  const sessions = await findSessionDevices(store.reader, tokens, clock.now().toISOString());
  const devices = new Map([...sessions.values()].map((device) => [device.id, device]));
  const states = await statesOf(parts, [...devices.values()]);
  return tokens.map((token) => {
    const device = sessions.get(token);
    const state = device && states.get(device.id);
    return state && { device, state };
  });
}

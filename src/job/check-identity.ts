import { createDriver } from '../device/driver-kinds.ts';
import type { DriverContext } from '../device/driver.ts';
import { acceptHardwareId } from '../device/hardware-id.ts';
import { formatPortAddress, parsePortAddress } from '../device/ports/port-address.ts';
import type { DeviceProfile } from '../device/profile-model.ts';
import { WireLog } from '../device/wire-log.ts';
import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { DeviceFailure } from '../model/failure.ts';
import { DeviceSession } from './device-session.ts';
import type { SessionOptions } from './device-session.ts';
import { failureOf } from './unit-failure.ts';

/** A device whose id outlasts what happens to it. */
export interface CheckedIdentity {
  readonly port: string;
  /** Canonical. */
  readonly hardwareId: string;
  /** How often it was read: once, and once after each restart. */
  readonly readings: number;
  /** What happened between two readings: the profile's restart, or, where it has none, the port's. */
  readonly between: 'restart' | 'reopen';
}

const RESTARTS = 3;

/**
 * Demands of the device at a port (`serial:PATH`, a URL) that it gives one id, fit by the profile's rules,
 * before and after three restarts. Writes nothing to it. Throws `invalid-port`, what opening the port
 * throws, `usage` for a profile whose ids come from a scan, `interrupted`, and `identity-unfit` with the
 * failure's code as a fact.
 */
export async function checkIdentity(
  profile: DeviceProfile,
  at: string,
  effects: { readonly signal: AbortSignal; readonly memory?: SessionOptions['memory'] },
): Promise<CheckedIdentity> {
  if (profile.identity.from === 'scan') {
    throw new KeylineError('usage', {
      message: `the profile ${profile.name} takes ids from a scan: no device can be asked for one`,
    });
  }
  const address = parsePortAddress(at);
  const { signal, memory } = effects;
  const { baudRate } = profile.port;
  const port = formatPortAddress(address);
  await using session = await DeviceSession.open(address, { baudRate, memory, signal });
  using log = new WireLog({ sink: () => undefined });
  const ids: string[] = [];
  try {
    const between = await readIds(profile, session.context(log, signal), ids);
    return { port, hardwareId: ids[0] ?? '', readings: ids.length, between };
  } catch (error) {
    throwIfAborted(signal);
    const failure = failureOf(error);
    if (!failure) throw error;
    throw unfit(failure, { port, ids });
  }
}

/** Puts each id that was fit into `ids`. Throws DeviceFailure. */
async function readIds(
  profile: DeviceProfile,
  context: DriverContext,
  ids: string[],
): Promise<CheckedIdentity['between']> {
  const driver = createDriver(profile);
  for (let restarts = 0; ; restarts++) {
    ids.push(acceptHardwareId(await driver.identify(context), profile.identity));
    if (ids.at(-1) !== ids[0]) {
      throw new DeviceFailure('id-changed', `the id was ${ids.join(', then ')}`);
    }
    if (restarts === RESTARTS) return driver.restart ? 'restart' : 'reopen';
    if (driver.restart) await driver.restart(context);
    else await context.releasePort(() => Promise.resolve());
  }
}

function unfit(
  failure: DeviceFailure,
  { port, ids }: { readonly port: string; readonly ids: readonly string[] },
): KeylineError {
  const isChanged = failure.code === 'id-changed';
  return new KeylineError('identity-unfit', {
    message: `${port}: ${failure.reason}`,
    // The hint of a changed id in a run is about the operator's hands.
    ...(!isChanged && { hint: failure.hint }),
    facts: { port, failure: failure.code, ids },
  });
}

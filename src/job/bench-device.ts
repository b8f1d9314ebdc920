import type { PortAddress } from '../device/ports/port-address.ts';
import type { WireEntry } from '../device/wire-log.ts';
import { DeviceSession } from './device-session.ts';
import type { SessionOptions } from './device-session.ts';
import { LiveDevices } from './live-devices.ts';
import type { LiveDevice } from './live-devices.ts';
import type { OpenLine } from './open-line.ts';
import type { Outcome, UnitStep } from './provision-run.ts';
import { provisionUnit } from './provision-unit.ts';

/** One device at a bench. */
export interface BenchDevice {
  readonly address: PortAddress;
  readonly signal: AbortSignal;
  /** The id as it stands on the board, where the profile takes it from a scan. */
  readonly scannedId?: string | undefined;
  readonly onStep?: ((step: UnitStep) => void) | undefined;
  readonly onWire?: ((entry: WireEntry) => void) | undefined;
  readonly memory?: SessionOptions['memory'];
}

/**
 * Takes the one device at this port through the run's steps. Throws what opening the port throws, and
 * what `provisionUnit` throws; a device that fails is an outcome.
 */
export async function provisionAtBench(line: OpenLine, bench: BenchDevice): Promise<Outcome> {
  const { address, signal, memory, ...rest } = bench;
  const { baudRate } = line.run.profile.port;
  await using session = await DeviceSession.open(address, { baudRate, memory });
  let live: LiveDevice | undefined;
  const devices = new LiveDevices();
  try {
    return await provisionUnit(line.run, {
      ...{ driver: line.driver(), session, signal, ...rest },
      arrived: (hardwareId) => (live = devices.arrive(hardwareId)),
    });
  } finally {
    live?.[Symbol.dispose]();
  }
}

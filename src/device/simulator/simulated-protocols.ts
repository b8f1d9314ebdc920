import type { DriverName } from '../profile-model.ts';
import { createAtProtocol } from './at-modem.ts';
import { createConsoleProtocol } from './console/console-protocol.ts';
import { createProgrammableDevice } from './programmer-work.ts';
import type { ProtocolParts, SimulatedProtocol } from './simulated-protocol.ts';
import { createSmpProtocol } from './smp-server.ts';

const PROTOCOLS: Record<DriverName, (parts: ProtocolParts) => SimulatedProtocol> = {
  console: createConsoleProtocol,
  smp: createSmpProtocol,
  'at-cmng': createAtProtocol,
  image: createProgrammableDevice,
};

/** The device's half of the protocol that the profile's driver speaks. Throws `usage`. */
export function createProtocol(parts: ProtocolParts): SimulatedProtocol {
  return PROTOCOLS[parts.profile.driver](parts);
}

import { KeylineError } from '../../kernel/errors.ts';
import type { DriverName } from '../profile-model.ts';
import { createConsoleProtocol } from './console/console-protocol.ts';
import type { ProtocolParts, SimulatedProtocol } from './simulated-protocol.ts';

const PROTOCOLS: Partial<Record<DriverName, (parts: ProtocolParts) => SimulatedProtocol>> = {
  console: createConsoleProtocol,
};

/** The device's half of the protocol that the profile's driver speaks. Throws `usage`. */
export function createProtocol(parts: ProtocolParts): SimulatedProtocol {
  const create = PROTOCOLS[parts.profile.driver];
  if (create) return create(parts);
  throw new KeylineError('usage', {
    message: `devices of driver ${parts.profile.driver} cannot be simulated`,
  });
}

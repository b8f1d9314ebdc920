import { KeylineError } from '../../kernel/errors.ts';
import { formatPortAddress } from './port-address.ts';
import type { PortAddress } from './port-address.ts';
import type { Port } from './port.ts';

/** How a port is opened. */
export interface OpenPortOptions {
  /** Bits per second; a raw TCP port has the rate that its terminal server gives it. */
  readonly baudRate: number;
  /** For everything until the port is open; 5 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Where `memory:` ports come from. */
  readonly memory?: (name: string) => Promise<Port>;
}

const TIMEOUT_MS = 5_000;

/**
 * Opens a port by its address. The libraries are loaded by the first port that needs them. Throws
 * `invalid-port`, `port-missing`, `port-busy`, `port-not-serial`, `port-unusable`, `interrupted`.
 */
export async function openPort(address: PortAddress, options: OpenPortOptions): Promise<Port> {
  const { baudRate: bitsPerSecond, timeoutMs = TIMEOUT_MS, signal } = options;
  switch (address.kind) {
    case 'serial': {
      const { openSerialPort } = await import('./serial-port.ts');
      return await openSerialPort(address.path, { bitsPerSecond, timeoutMs, signal });
    }
    case 'tcp': {
      const { openTcpPort } = await import('./tcp-port.ts');
      return await openTcpPort({ ...address, kind: 'tcp' }, { timeoutMs, signal });
    }
    case 'rfc2217': {
      const { openRfc2217Port } = await import('./rfc2217-port.ts');
      const end = { ...address, kind: 'rfc2217' } as const;
      return await openRfc2217Port(end, { bitsPerSecond, timeoutMs, signal });
    }
    case 'memory':
      if (options.memory) return await options.memory(address.name);
      throw new KeylineError('invalid-port', {
        message: `${formatPortAddress(address)} is a port for tests`,
        facts: { port: formatPortAddress(address) },
      });
  }
}

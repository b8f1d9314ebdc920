import { KeylineError } from '../../kernel/errors.ts';

/** Where a device's line is. */
export type PortAddress =
  | { readonly kind: 'serial'; readonly path: string }
  | { readonly kind: 'tcp' | 'rfc2217'; readonly host: string; readonly port: number }
  | { readonly kind: 'memory'; readonly name: string };

const NETWORK = /^(tcp|rfc2217):\/\/(\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^\s:/?#@[\]]+):(\d{1,5})\/?$/i;

/**
 * Reads `serial:PATH`, a bare path (`/dev/ttyUSB0`, `./sim/slot-1`, `COM3`), `tcp://HOST:PORT`,
 * `rfc2217://HOST:PORT` or `memory:NAME`. Throws `invalid-port`.
 */
export function parsePortAddress(text: string): PortAddress {
  const serial = /^serial:(?!\/\/)(.+)$/.exec(text)?.[1];
  if (serial !== undefined) return { kind: 'serial', path: serial };
  if (/^(\/|\.\.?\/)./.test(text) || /^COM\d+$/.test(text)) return { kind: 'serial', path: text };
  const memory = /^memory:([a-z0-9-]+)$/.exec(text)?.[1];
  if (memory !== undefined) return { kind: 'memory', name: memory };
  const [, scheme = '', host = '', port = ''] = NETWORK.exec(text) ?? [];
  const number = Number(port);
  if (scheme === '' || number < 1 || number > 65_535) {
    throw new KeylineError('invalid-port', {
      message: `${JSON.stringify(text)} is not the address of a port`,
      facts: { port: text },
    });
  }
  const kind = scheme.toLowerCase() === 'tcp' ? 'tcp' : 'rfc2217';
  return { kind, host: host.replace(/^\[|\]$/g, ''), port: number };
}

/** The one spelling of an address, which `parsePortAddress` reads again. */
export function formatPortAddress(address: PortAddress): string {
  switch (address.kind) {
    case 'serial':
      return `serial:${address.path}`;
    case 'memory':
      return `memory:${address.name}`;
    default: {
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      return `${address.kind}://${host}:${address.port}`;
    }
  }
}

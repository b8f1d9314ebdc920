import { Agent, EnvHttpProxyAgent, fetch } from 'undici';
import type { Fetch } from './http-client.ts';

/** Which proxies, and which hosts are reached without. */
export interface Proxies {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy: string;
}

/** `fetch` through these proxies, or to servers whose certificates are of this CA alone. */
export function undiciTransport(ca: string | undefined, proxies: Proxies | undefined): Fetch {
  const tls = ca === undefined ? {} : { ca };
  const dispatcher = proxies
    ? new EnvHttpProxyAgent({ ...proxies, connect: tls, requestTls: tls })
    : new Agent({ connect: tls });
  return (to, init) => fetch(to, { ...init, dispatcher });
}

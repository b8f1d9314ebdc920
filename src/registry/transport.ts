import { KeylineError } from '../kernel/errors.ts';
import type { Fetch } from './http-client.ts';
import type { Proxies } from './undici-transport.ts';

/** What decides how requests travel. */
export interface TransportChoices {
  /** Where they go. */
  readonly url: string;
  /** PEM: what the registry's certificate is checked against, instead of the roots of this machine. */
  readonly ca?: string | undefined;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or not. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Node's own `fetch`, or one that knows the CA or goes through the proxy of the environment by CONNECT
 * (RFC 9110 section 9.3.6), which is loaded only then: Node 20's takes neither. This machine itself is
 * never reached through a proxy. Throws `usage` for a proxy that is no address.
 */
export async function openTransport({ url, ca, env }: TransportChoices): Promise<Fetch> {
  const proxies = proxiesOf(env, new URL(url));
  if (ca === undefined && !proxies) return fetch;
  const { undiciTransport } = await import('./undici-transport.ts');
  return undiciTransport(ca, proxies);
}

/** The proxies of the environment, or undefined where none is for this address. */
function proxiesOf(env: TransportChoices['env'], { protocol, hostname }: URL): Proxies | undefined {
  if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)) return undefined;
  const named = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const isSecure = protocol === 'https:';
  const proxy = named(isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === '') return undefined;
  if (!URL.canParse(proxy)) {
    throw new KeylineError('usage', {
      message: `${isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY'} is no address`,
      hint: 'Write it as http://HOST:PORT.',
    });
  }
  return { [isSecure ? 'httpsProxy' : 'httpProxy']: proxy, noProxy: named('NO_PROXY') };
}

import { isIPv6 } from 'node:net';
import { KeylineError } from '../kernel/errors.ts';

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/** Reads `HOST:PORT`, `[::1]:PORT` or `PORT`, which is on 127.0.0.1. Throws `usage`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (!match || port > 65_535 || (match[1] !== undefined && !isIPv6(match[1]))) {
    throw new KeylineError('usage', {
      message: `${JSON.stringify(text)} is no address to listen on`,
      hint: 'An address is HOST:PORT, such as 127.0.0.1:8080.',
    });
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port };
}

/** Whether only this machine can reach it. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === '::1' || host === 'localhost' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** As a URL's authority. */
export function authorityOf({ host, port }: ListenAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

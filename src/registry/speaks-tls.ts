import { connect } from 'node:tls';

const TIMEOUT_MS = 2_000;

/**
 * Whether the port of this address takes a TLS handshake (RFC 8446 section 2), with whatever certificate: it is
 * only asked for, and nothing is sent by it. False where nobody answers.
 */
export function speaksTls(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port || 80), rejectUnauthorized: false });
    const end = (isTls: boolean) => (): void => {
      socket.destroy();
      resolve(isTls);
    };
    socket.once('secureConnect', end(true)).once('error', end(false)).once('close', end(false));
    socket.setTimeout(TIMEOUT_MS, end(false));
  });
}

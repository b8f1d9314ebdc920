import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createPlain } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A CA of the test's own and a certificate of it. */
export interface TestCertificate {
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** For registry.test and this machine. */
export async function makeCertificate(): Promise<TestCertificate> {
  const pair = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const [root, leaf] = [await pair(), await pair()];
  const times = {
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
  };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: 'CN=test root', keys: root, signingAlgorithm: ALGORITHM, ...times },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const cert = await x509.X509CertificateGenerator.create({
    ...{ subject: 'CN=registry.test', issuer: ca.subject, signingAlgorithm: ALGORITHM, ...times },
    ...{ publicKey: leaf.publicKey, signingKey: root.privateKey },
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'registry.test' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '0.0.0.0' },
      ]),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey);
  const key = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
  return { ca: ca.toString('pem'), cert: cert.toString('pem'), key };
}

/** A server on a port of 127.0.0.1 that it chose. */
export async function listenTls(
  { cert, key }: TestCertificate,
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer({ cert, key }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** A proxy that tunnels whatever is asked for to one port of this machine (RFC 9110 section 9.3.6). */
export async function listenProxy(
  port: number,
  { password }: { readonly password?: string } = {},
): Promise<{ readonly server: Server; readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createPlain((_, response) => response.writeHead(400).end());
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const wanted = `Basic ${Buffer.from(`user:${password ?? ''}`).toString('base64')}`;
    if (password !== undefined && request.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const inner = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      inner.pipe(socket).pipe(inner);
    });
    for (const end of [inner, socket]) end.on('error', () => inner.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  const user = password === undefined ? '' : `user:${password}@`;
  return { server, url: `http://${user}127.0.0.1:${own}`, asked };
}

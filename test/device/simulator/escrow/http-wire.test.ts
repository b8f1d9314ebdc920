import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createPlain } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpWire } from '../../../../src/device/simulator/escrow/http-wire.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NORMAL = {
  mode: 'normal',
  config: { step: 0, version: 1, url: '/v1/device/configurations/0/1', digest: 'ab'.repeat(32) },
};
let server: Server | undefined;
let wire: HttpWire | undefined;
const off = new AbortController();

afterEach(async () => {
  wire?.[Symbol.dispose]();
  server?.close();
  if (server) await once(server, 'close');
  server = undefined;
});

async function listen(made: Server, scheme: 'http' | 'https', ca?: string): Promise<HttpWire> {
  server = made.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  wire = new HttpWire({ url, signal: off.signal, ...(ca !== undefined && { ca: [ca] }) });
  return wire;
}

/** A registry that answers everything so. */
const answering = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<HttpWire> => {
  const listener: RequestListener = (_, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, headers).end(text);
  };
  return listen(createPlain(listener), 'http');
};
const CHECK_IN = { hardwareId: 'aa', firmware: 'x', counter: 1 };

it('sends a check-in under the session that its proof opened', async () => {
  const seen: string[] = [];
  const wire = await listen(
    createPlain((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
      const isSession = request.url === '/v1/device/session';
      response.end(JSON.stringify(isSession ? { accessToken: 'kd_1' } : NORMAL));
    }),
    'http',
  );
  await wire.openSession('Basic x');
  expect(await wire.checkIn(CHECK_IN)).toEqual(NORMAL);
  await wire.wait();
  await wire.fetch(NORMAL.config.url);
  expect(seen).toEqual([
    'POST /v1/device/session Basic x',
    'POST /v1/device/checkin Bearer kd_1',
    'GET /v1/device/wait Bearer kd_1',
    'GET /v1/device/configurations/0/1 Bearer kd_1',
  ]);
});

describe('an answer', () => {
  it.each([
    ['of another shape', 200, { mode: 'normal' }],
    ['in no JSON', 200, 'mode: normal'],
    ['with a configuration that is elsewhere', 200, withUrl('https://elsewhere.test/c')],
    ['with a path out of its place', 200, withUrl('/v1/device/configurations/0/../../1')],
    ['with a digest that is none', 200, { ...NORMAL, config: { ...NORMAL.config, digest: 'x' } }],
    ['that leads elsewhere', 302, NORMAL],
    ['that says that it is wrong', 422, NORMAL],
  ])('%s is no registry’s', async (_, status, body) => {
    const wire = await answering(status, body, { location: 'https://elsewhere.test' });
    await expect(wire.checkIn(CHECK_IN)).rejects.toMatchObject({ code: 'registry-failed' });
  });

  it('larger than 64 KiB is not read to its end', async () => {
    const wire = await answering(200, 'x'.repeat(64 * 1024 + 1));
    await expect(wire.fetch('/v1/device/configurations/0/1')).rejects.toMatchObject({
      code: 'registry-failed',
    });
  });

  it.each([429, 503])('of %i says when to come again', async (status) => {
    const wire = await answering(status, {}, { 'retry-after': '7' });
    await expect(wire.wait()).rejects.toMatchObject({
      ...{ code: 'registry-unavailable', facts: { retryAfterSeconds: 7 } },
    });
  });

  it('of 401 is that of a stranger', async () => {
    const wire = await answering(401, {});
    await expect(wire.wait()).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

it('nobody answers where nobody listens', async () => {
  const wire = await answering(200, {});
  server?.close();
  if (server) await once(server, 'close');
  server = undefined;
  await expect(wire.nonce()).rejects.toMatchObject({ code: 'registry-unavailable' });
});

it('speaks TLS with who shows a certificate of the CA that it was given, and with nobody else', async () => {
  const [one, two] = [await certificate(), await certificate()];
  const listener: RequestListener = (_, response) => response.end('{"nonce":"n"}');
  const trusting = await listen(createServer(one, listener), 'https', one.cert);
  expect(await trusting.nonce()).toBe('n');
  for (const ca of [[two.cert], undefined]) {
    using stranger = new HttpWire({ url: trusting.audience, signal: off.signal, ca });
    await expect(stranger.nonce()).rejects.toMatchObject({ code: 'registry-untrusted' });
  }
});

function withUrl(url: string): object {
  return { ...NORMAL, config: { ...NORMAL.config, url } };
}

/** Of 127.0.0.1, and vouches for itself. */
async function certificate(): Promise<{ readonly cert: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ name: 'CN=registry', keys, signingAlgorithm: ALGORITHM },
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: made.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../../src/registry/http-client.ts';
import { RenewableToken } from '../../src/registry/renewable-token.ts';
import { openTransport } from '../../src/registry/transport.ts';
import { listenProxy, listenTls, makeCertificate } from './tls-rig.ts';
import type { TestCertificate } from './tls-rig.ts';

let certificate: TestCertificate;
let other: TestCertificate;
let port: number;
let requests = 0;
const servers: Server[] = [];

beforeAll(async () => {
  [certificate, other] = [await makeCertificate(), await makeCertificate()];
  const listening = await listenTls(certificate, (request, response) => {
    requests++;
    response.end(JSON.stringify({ authorization: request.headers.authorization }));
  });
  ({ port } = listening);
  servers.push(listening.server);
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

it.each(['https', 'http'] as const)(
  'says at once that an %s:// address is the other kind',
  async (scheme) => {
    const plain = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
    servers.push(plain);
    await once(plain, 'listening');
    const wrong = scheme === 'http' ? port : (plain.address() as AddressInfo).port;
    let waits = 0;
    const session = { url: `${scheme}://127.0.0.1:${wrong}`, onWait: () => waits++ };
    const asked = send(session, { method: 'GET', path: '/' });
    await expect(asked).rejects.toMatchObject({
      code: 'registry-scheme',
      facts: { scheme: scheme === 'http' ? 'https' : 'http' },
    });
    expect(waits).toBe(0);
  },
);

async function proxy(options: { readonly password?: string } = {}) {
  const listening = await listenProxy(port, options);
  servers.push(listening.server);
  return listening;
}

async function ask(host: string, more: { readonly ca?: string; readonly env?: object } = {}) {
  const url = `https://${host}:${port}`;
  const { ca, env = {} } = more;
  const fetch = await openTransport({ url, ca, env: env as Record<string, string> });
  const token = new RenewableToken('kt_one');
  const answer = await send({ url, token, fetch, pauseMs: 1 }, { method: 'GET', path: '/' });
  return await answer.json();
}
const ANSWER = { authorization: 'Bearer kt_one' };

describe('the certificate of a registry', () => {
  it('is taken by its own CA alone, and refused at once without it', async () => {
    const before = requests;
    for (const ca of [undefined, other.ca]) {
      const refused = ask('127.0.0.1', ca === undefined ? {} : { ca });
      await expect(refused).rejects.toMatchObject({ code: 'registry-untrusted', exitCode: 5 });
    }
    expect(requests).toBe(before);
    expect(await ask('127.0.0.1', { ca: certificate.ca })).toEqual(ANSWER);
  });
});

describe('a proxy of the environment', () => {
  it('is gone through by CONNECT, with its password, and sees nothing but the name', async () => {
    const { url, asked } = await proxy({ password: 'open' });
    const env = { HTTPS_PROXY: url };
    expect(await ask('registry.test', { ca: certificate.ca, env })).toEqual(ANSWER);
    expect(asked).toEqual([`registry.test:${port}`]);
  });

  it('does not make a certificate of another CA any better', async () => {
    const { url } = await proxy();
    const refused = ask('registry.test', { ca: other.ca, env: { https_proxy: url } });
    await expect(refused).rejects.toMatchObject({ code: 'registry-untrusted' });
  });

  it('ends the command at once where it refuses', async () => {
    const { url, asked } = await proxy({ password: 'open' });
    const env = { HTTPS_PROXY: url.replace('open', 'wrong') };
    const refused = ask('registry.test', { ca: certificate.ca, env });
    await expect(refused).rejects.toMatchObject({ code: 'proxy-refused', exitCode: 5 });
    expect(asked.length).toBe(1);
  });

  it('is left aside for what NO_PROXY names, and for this machine', async () => {
    const { url, asked } = await proxy();
    const { ca } = certificate;
    const env = { HTTPS_PROXY: url, NO_PROXY: 'example.org,0.0.0.0' };
    expect(await ask('0.0.0.0', { ca, env })).toEqual(ANSWER);
    expect(await ask('127.0.0.1', { ca, env: { HTTPS_PROXY: url } })).toEqual(ANSWER);
    expect(asked).toEqual([]);
    expect(await ask('0.0.0.0', { ca, env: { HTTPS_PROXY: url } })).toEqual(ANSWER);
    expect(asked.length).toBe(1);
  });

  it('is refused where it is no address', async () => {
    const refused = ask('registry.test', { env: { HTTPS_PROXY: 'here' } });
    await expect(refused).rejects.toMatchObject({ code: 'usage' });
  });

  it('costs nothing where there is none, and no CA', async () => {
    const url = 'https://registry.test';
    expect(await openTransport({ url, env: { HTTP_PROXY: 'http://x:1' } })).toBe(fetch);
  });
});

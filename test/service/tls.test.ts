import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { get as getPlain } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import * as x509 from '@peculiar/x509';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../src/service/http/log.ts';
import { initRegistry } from '../../src/service/init-registry.ts';
import { runService } from '../../src/service/run-service.ts';
import type { ServeChoices } from '../../src/service/run-service.ts';
import { readTlsFiles, TlsRenewal } from '../../src/service/tls-files.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

let folder: string;
let choices: ServeChoices;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-tls-'));
  await writeFile(at('pass'), 'correct horse battery staple\n', { mode: 0o600 });
  const where = { database: at('registry.sqlite'), masterKeyFile: at('registry.key') };
  await initRegistry({ ...where, admin: 'root', adminPasswordFile: at('pass') });
  await makeCertificate('one');
  await makeCertificate('two');
  choices = {
    ...where,
    ...{ listen: '127.0.0.1:0', insecureHttp: false, logLevel: 'error', version: '0.0.0' },
    ...{ tlsCert: at('one.pem'), tlsKey: at('one.key') },
  };
});
afterAll(() => rm(folder, { recursive: true }));

/** A certificate of localhost and 127.0.0.1 that vouches for itself, and its key. */
async function makeCertificate(name: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const names = [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
  ] as const;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new x509.SubjectAlternativeNameExtension([...names])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  await writeFile(at(`${name}.pem`), certificate.toString('pem'));
  const pem = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
  await writeFile(at(`${name}.key`), pem, { mode: 0o600 });
}

/** The address once it listens; it ends with `stop`. */
async function serve(): Promise<{ url: string; stop: () => Promise<void> }> {
  const end = new AbortController();
  let running: Promise<void> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    running = runService(choices, {
      signal: end.signal,
      logTo: { write: () => undefined },
      onReady: (addresses) => {
        resolve(addresses.url);
      },
    });
    running.catch(reject);
  });
  return {
    url,
    stop: async () => {
      end.abort();
      await running;
    },
  };
}

it('speaks TLS to who trusts its certificate, and to nobody in plain', async () => {
  const { ca } = await trusted('one');
  const { url, stop } = await serve();
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const status = await new Promise((resolve, reject) => {
    get(`${url}/healthz`, { ca }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  expect(status).toBe(200);
  const distrusted = new Promise((_, reject) => get(`${url}/healthz`).on('error', reject));
  await expect(distrusted).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  const plain = new Promise((_, reject) =>
    getPlain(`${url.replace('https', 'http')}/healthz`).on('error', reject),
  );
  await expect(plain).rejects.toMatchObject({ code: 'ECONNRESET' });
  const { port } = new URL(url);
  const old = new Promise((_, reject) => {
    const options = { ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' } as const;
    connect({ host: '127.0.0.1', port: Number(port), ...options }).on('error', reject);
  });
  await expect(old).rejects.toBeInstanceOf(Error);
  await stop();
});

it.each([
  ['of another certificate', { tlsKey: 'two.key' }, 'tls-files-invalid'],
  ['that is a text', { tlsKey: 'pass' }, 'tls-files-invalid'],
  ['that others may read', { tlsKey: 'open.key' }, 'tls-files-invalid'],
  ['that is missing', { tlsKey: 'none.key' }, 'not-found'],
])('refuses a key %s', async (_, { tlsKey }, code) => {
  await makeCertificate('open');
  await chmod(at('open.key'), 0o644);
  const cert = tlsKey === 'open.key' ? at('open.pem') : at('one.pem');
  await expect(readTlsFiles({ cert, key: at(tlsKey) })).rejects.toMatchObject({ code });
});

it('lets the group of a key read it', async () => {
  await makeCertificate('group');
  await chmod(at('group.key'), 0o640);
  const paths = { cert: at('group.pem'), key: at('group.key') };
  expect(await readTlsFiles(paths)).toHaveProperty('minVersion', 'TLSv1.2');
});

it('serves a renewed certificate, and the old one while the files are no pair', async () => {
  await makeCertificate('live');
  const paths = { cert: at('live.pem'), key: at('live.key') };
  const current = await readTlsFiles(paths);
  const app = fastify({ https: { ...current } });
  const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const log = createLog({ write: () => undefined });
  using renewal = new TlsRenewal(app.server, { ...paths, current }, log);
  const served = (): Promise<string> => fingerprintOf(Number(address.port));
  const first = await served();
  expect(await renewal.look()).toBe(false);
  const { ca: renewed } = await trusted('two');
  await writeFile(paths.cert, renewed);
  expect([await renewal.look(), await served()]).toEqual([false, first]);
  await writeFile(paths.key, (await readTlsFiles({ cert: at('two.pem'), key: at('two.key') })).key);
  expect(await renewal.look()).toBe(true);
  expect(await served()).not.toBe(first);
  await app.close();
});

async function trusted(name: string): Promise<{ ca: Buffer }> {
  return { ca: (await readTlsFiles({ cert: at(`${name}.pem`), key: at(`${name}.key`) })).cert };
}

function fingerprintOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

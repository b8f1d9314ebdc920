import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signAuthority } from '../../src/derive/x509/authority.ts';
import { formatCertificates } from '../../src/derive/x509/certificate-file.ts';
import { authorityUsage, deviceUsage } from '../../src/derive/x509/extensions.ts';
import { certifyIssuingCa } from '../../src/derive/x509/issuing-ca.ts';
import { distinguishedName } from '../../src/derive/x509/name.ts';
import { keySigner } from '../../src/derive/x509/root-signer.ts';
import { Home } from '../../src/home/home.ts';
import { listCaCards, loadRoot, showCa } from '../../src/job/ca.ts';
import { createCa } from '../../src/job/ca-create.ts';
import { importCa } from '../../src/job/ca-import.ts';
import { fromBase64, utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { vectorLots } from '../derive/x509/vector-lots.ts';

const FROM = '2026-01-01T00:00:00Z';
const UNTIL = '2040-01-01T00:00:00Z';
const clock = { now: () => new Date('2026-03-01T08:00:00Z') };
const refused = (code: string): Error => expect.objectContaining({ code }) as Error;

let folder: string;
let home: Home;
let credentials: { identityFile: string };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-ca-'));
  home = Home.at(join(folder, 'home'));
  credentials = { identityFile: join(folder, 'identity') };
  await writeFile(credentials.identityFile, await generateX25519Identity(), { mode: 0o600 });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const create = (name: string) => createCa(home, { name, recipients: [], clock }, credentials);
const load = (name: string, at = clock) => loadRoot(home, name, credentials, { clock: at });

interface Parts {
  readonly key: KeyObject;
  readonly extensions?: Uint8Array[];
  readonly notAfter?: string;
}

async function importOf(certified: Parts, key: KeyObject = certified.key) {
  const name = distinguishedName({ commonName: 'Elsewhere' });
  const { extensions = authorityUsage(), notAfter = UNTIL } = certified;
  const fields = { issuer: name, subject: name, notBefore: FROM, notAfter, extensions };
  const signer = keySigner(certified.key);
  const certificate = await signAuthority({ ...fields, spki: spkiOf(certified.key) }, signer);
  return {
    name: 'elsewhere',
    certificates: utf8(formatCertificates([certificate])),
    key: Secret.take(utf8(key.export({ format: 'pem', type: 'pkcs8' }).toString())),
    recipients: [],
    clock,
  };
}

const p256 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;

test('a root that was made certifies the issuing CA of a lot', async () => {
  const card = await create('acme');
  expect(card).toMatchObject({ name: 'acme', subject: 'CN=acme', selfSigned: true, hasKey: true });
  const [lot] = vectorLots();
  if (!lot) throw new Error('no vectors');
  const chain = await certifyIssuingCa(await load('acme'), lot.issuerPoint, {
    name: { lotId: lot.lotId, code: 'A1' },
    notBefore: FROM,
  });
  const [issuing, root] = chain.map((text) => new X509Certificate(fromBase64(text) ?? ''));
  expect(root?.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(card.fingerprint);
  expect(root && issuing?.verify(root.publicKey)).toBe(true);
});

test('a root lies in the home as an age file of mode 600 beside its certificate', async () => {
  await create('acme');
  expect((await readdir(home.caDir('acme'))).sort()).toEqual(['ca.age', 'ca.pem']);
  expect((await stat(join(home.caDir('acme'), 'ca.age'))).mode & 0o777).toBe(0o600);
  const key = await readFile(join(home.caDir('acme'), 'ca.age'), 'latin1');
  expect(key).toMatch(/^age-encryption\.org\/v1\n/);
  expect((await showCa(home, 'acme')).pem).toBe(
    await readFile(join(home.caDir('acme'), 'ca.pem'), 'utf8'),
  );
});

test('roots are listed by name, and an empty home has none', async () => {
  expect(await listCaCards(home)).toEqual([]);
  await create('b');
  await create('a');
  expect((await listCaCards(home)).map((card) => card.name)).toEqual(['a', 'b']);
});

test('a root for named recipients opens for them', async () => {
  const identity = (await readFile(credentials.identityFile, 'utf8')).trim();
  const recipients = [await identityToRecipient(identity)];
  await createCa(home, { name: 'acme', recipients, clock }, undefined);
  expect((await load('acme')).chain).toHaveLength(1);
});

test('a name is used once, and only a name that is one', async () => {
  await create('acme');
  await expect(create('acme')).rejects.toThrow(refused('already-exists'));
  for (const name of ['', '.', '..', 'a/b', '-x', 'x'.repeat(65), 'ä']) {
    await expect(create(name)).rejects.toThrow(refused('usage'));
  }
  await expect(load('other')).rejects.toThrow(refused('not-found'));
});

test('a root with an end that is no date, or is past, is not made', async () => {
  for (const notAfter of ['tomorrow', '2026-02-30T00:00:00Z', '2026-03-01T08:00:00Z']) {
    const choices = { name: 'acme', notAfter, recipients: [], clock };
    await expect(createCa(home, choices, credentials)).rejects.toThrow(
      refused('certificate-invalid'),
    );
  }
  expect(await listCaCards(home)).toEqual([]);
});

describe.each([
  ['P-256', p256()],
  ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
])('a root on %s from elsewhere', (_, key) => {
  test('is kept with its key', async () => {
    const root = await importOf({ key });
    const card = await importCa(home, root, credentials);
    expect(card).toMatchObject({ subject: 'CN=Elsewhere', notBefore: FROM, notAfter: UNTIL });
    expect((await load('elsewhere')).signer.algorithm).toBe(keySigner(key).algorithm);
  });
});

test('DER and SEC 1 are read as well as PKCS #8 PEM', async () => {
  const key = p256();
  const root = await importOf({ key });
  const sec1 = Secret.take(utf8(key.export({ format: 'pem', type: 'sec1' }).toString()));
  const der = Secret.take(Uint8Array.from(key.export({ format: 'der', type: 'pkcs8' })));
  const certificates = new X509Certificate(root.certificates).raw;
  await importCa(home, { ...root, name: 'one', key: sec1, certificates }, credentials);
  await importCa(home, { ...root, name: 'two', key: der }, credentials);
  const cards = await listCaCards(home);
  expect(cards.map((card) => card.hasKey)).toEqual([true, true]);
});

describe('refused on import, with nothing kept, is', () => {
  afterEach(async () => {
    expect(await listCaCards(home)).toEqual([]);
  });
  const invalid = refused('certificate-invalid');

  test('a key of another certificate', async () => {
    const root = await importOf({ key: p256() }, p256());
    await expect(importCa(home, root, credentials)).rejects.toThrow(invalid);
  });

  test('a certificate that is no CA’s, or may certify no CA below it', async () => {
    for (const extensions of [deviceUsage(), authorityUsage(0), []]) {
      const root = await importOf({ key: p256(), extensions });
      await expect(importCa(home, root, credentials)).rejects.toThrow(invalid);
    }
  });

  test('a certificate that has expired or is not valid yet', async () => {
    const expired = await importOf({ key: p256(), notAfter: '2026-02-28T00:00:00Z' });
    await expect(importCa(home, expired, credentials)).rejects.toThrow(invalid);
    const early = { ...(await importOf({ key: p256() })), clock: { now: () => new Date(0) } };
    await expect(importCa(home, early, credentials)).rejects.toThrow(invalid);
  });

  test('a file that holds no certificate, or a cut one', async () => {
    const root = await importOf({ key: p256() });
    const cut = root.certificates.subarray(0, 200);
    for (const certificates of [new Uint8Array(), utf8('hello'), cut, utf8('-----BEGIN X-----')]) {
      const wrong = { ...root, certificates };
      await expect(importCa(home, wrong, credentials)).rejects.toThrow(invalid);
    }
  });

  test('a key that cannot be read, or has a passphrase of its own', async () => {
    const root = await importOf({ key: p256() });
    const format = {
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    } as const;
    const locked = p256().export(format).toString();
    for (const text of ['', 'hello', locked, '-----BEGIN PRIVATE KEY-----\nAAAA\n']) {
      const wrong = { ...root, key: Secret.take(utf8(text)) };
      await expect(importCa(home, wrong, credentials)).rejects.toThrow(invalid);
    }
  });
});

test('a root that has expired since certifies nothing', async () => {
  await importCa(home, await importOf({ key: p256() }), credentials);
  const later = { now: () => new Date('2041-01-01T00:00:00Z') };
  await expect(load('elsewhere', later)).rejects.toThrow(refused('certificate-invalid'));
});

test('a key file that others may read, and a damaged certificate, are refused', async () => {
  await create('acme');
  await chmod(join(home.caDir('acme'), 'ca.age'), 0o644);
  await expect(load('acme')).rejects.toThrow(refused('home-unsafe'));
  await chmod(join(home.caDir('acme'), 'ca.age'), 0o600);
  await writeFile(join(home.caDir('acme'), 'ca.pem'), 'gone');
  await expect(load('acme')).rejects.toThrow(refused('key-damaged'));
});

test('a key file put under another certificate is refused', async () => {
  await create('acme');
  await create('other');
  const other = await readFile(join(home.caDir('other'), 'ca.age'));
  await writeFile(join(home.caDir('acme'), 'ca.age'), other);
  await expect(load('acme')).rejects.toThrow(refused('certificate-invalid'));
});

import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createECDH } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatCertificates } from '../../src/derive/x509/certificate-file.ts';
import { certifyIssuingCa } from '../../src/derive/x509/issuing-ca.ts';
import { Home } from '../../src/home/home.ts';
import { loadRoot } from '../../src/job/ca.ts';
import { importCa } from '../../src/job/ca-import.ts';
import { checkBackup } from '../../src/job/key-check.ts';
import { exportKey } from '../../src/job/key-export.ts';
import { importKey } from '../../src/job/key-import.ts';
import { createKeyInToken } from '../../src/job/key-token.ts';
import { fromHex, toBase64, toHex, utf8 } from '../../src/kernel/bytes.ts';
import { isoSeconds } from '../../src/kernel/clock.ts';
import { KeylineError } from '../../src/kernel/errors.ts';
import { Secret } from '../../src/kernel/secret.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';
import { listKeyCards } from '../../src/keystore/key-card.ts';
import type { KeyCard } from '../../src/keystore/key-card.ts';
import { openKey } from '../../src/keystore/open-key.ts';
import { CKA, CKO } from '../../src/keystore/pkcs11/constants.ts';
import { TokenSession } from '../../src/keystore/pkcs11/token-session.ts';
import { deriveLotSecret, spkiOf } from '../../src/model/hierarchy.ts';
import { parseLotId, parseProvisioningKey } from '../../src/model/ids.ts';
import { ALICE, identityFileOf, temporaryFolder } from '../keystore/credentials-of.ts';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const PIN = '4711-canary';
const run = promisify(execFile);

const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/keyline-v1.json', import.meta.url), 'utf8'),
) as {
  readonly provisioningSecret: string;
  readonly provisioningKey: string;
  readonly sealPublicKeySpki: string;
  readonly voucherPublicKeySpki: string;
  readonly lots: readonly { readonly lotId: string; readonly lotSecretHex: string }[];
};
const KP = parseProvisioningKey(vectors.provisioningKey);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let credentials: Credentials;
let home: Home;
let imported: KeyCard;

beforeAll(async () => {
  folder = await temporaryFolder();
  const tokens = join(folder.path, 'tokens');
  await mkdir(tokens);
  const configuration = join(folder.path, 'softhsm2.conf');
  await writeFile(configuration, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  process.env['SOFTHSM2_CONF'] = configuration;
  const names = ['--label', 'line', '--pin', PIN, '--so-pin', '8765'];
  await run('softhsm2-util', ['--init-token', '--free', ...names]);
  credentials = {
    ...(await identityFileOf(folder.path, ALICE.identity)),
    pin: () => Promise.resolve(Secret.take(utf8(PIN))),
  };
  home = Home.at(join(folder.path, 'home'));
  const path = join(folder.path, 'vector.txt');
  await writeFile(path, vectors.provisioningSecret, { mode: 0o600 });
  const token = { token: { module: MODULE, slot: 'line' } };
  const choices = { use: 'factory', label: 'vector', recipients: [] } as const;
  imported = await importKey(home, { source: { path }, token, choices }, () => credentials);
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('a key in a token', () => {
  test('has the public keys of the vectors', () => {
    expect(imported).toMatchObject({
      provisioningKey: KP,
      sealKey: vectors.sealPublicKeySpki,
      manufacturerKey: vectors.voucherPublicKeySpki,
      home: { type: 'pkcs11', module: MODULE },
    });
  });

  test('derives the lot secrets and the seal key that software derives', async () => {
    await using key = await openKey(home, 'vector', credentials);
    expect(toBase64(spkiOf(await key.sealKey()))).toBe(vectors.sealPublicKeySpki);
    expect(vectors.lots.length).toBeGreaterThan(0);
    for (const lot of vectors.lots) {
      using secret = await deriveLotSecret(key, parseLotId(lot.lotId));
      expect(secret.use(toHex)).toBe(lot.lotSecretHex);
    }
  });

  test('is sensitive, not extractable, and its value cannot be read', async () => {
    if (imported.home.type !== 'pkcs11') throw new Error('another home');
    const id = Buffer.from(fromHex(imported.home.objectId) ?? []);
    using session = await TokenSession.open({ module: MODULE, slot: 'line' }, credentials);
    const [object, ...others] = session.find([
      { type: CKA.CLASS, value: CKO.SECRET_KEY },
      { type: CKA.ID, value: id },
    ]);
    if (object === undefined) throw new Error('no object');
    expect(others).toEqual([]);
    expect([...session.attribute(object, CKA.SENSITIVE)]).toEqual([1]);
    expect([...session.attribute(object, CKA.EXTRACTABLE)]).toEqual([0]);
    expect([...session.attribute(object, CKA.PRIVATE)]).toEqual([1]);
    expect(() => session.attribute(object, CKA.VALUE)).toThrow(KeylineError);
  });

  test('has no key file, and is not exported', async () => {
    await expect(stat(home.keyFile(KP))).rejects.toMatchObject({ code: 'ENOENT' });
    const output = join(folder.path, 'export.txt');
    const to = { output, force: false, recipients: [] };
    await expect(exportKey(home, imported, { to, credentials })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  test('opens from a home that lost its card, by importing its backup again', async () => {
    const other = Home.at(join(folder.path, 'other'));
    const path = join(folder.path, 'vector.txt');
    const token = { token: { module: MODULE, slot: 'line' } };
    const choices = { use: 'factory', recipients: [] } as const;
    await importKey(other, { source: { path }, token, choices }, () => credentials);
    await using key = await openKey(other, KP, credentials);
    expect(key.card.provisioningKey).toBe(KP);
  });
});

test('a key made for a token has a backup that gives it', async () => {
  const path = join(folder.path, 'backup.age');
  const request = {
    token: { module: MODULE, slot: 'line' },
    backup: { path, force: false },
    choices: { use: 'factory', label: 'new', recipients: [ALICE.recipient] },
  } as const;
  const card = await createKeyInToken(home, request, credentials);
  const check = { source: { path }, reference: 'new' };
  expect(await checkBackup(home, check, () => credentials)).toEqual({
    provisioningKey: card.provisioningKey,
    isPlaintext: false,
  });
  expect(await readFile(path, 'latin1')).toMatch(/^age-encryption.org/);
  await using key = await openKey(home, 'new', credentials);
  expect(key.card).toEqual(card);
});

test('a wrong PIN makes nothing, leaves no backup and is not quoted', async () => {
  const path = join(folder.path, 'refused.age');
  const before = await listKeyCards(home);
  const request = {
    token: { module: MODULE, slot: 'line' },
    backup: { path, force: false },
    choices: { use: 'factory', recipients: [ALICE.recipient] },
  } as const;
  const wrong = { ...credentials, pin: () => Promise.resolve(Secret.take(utf8('wrong-canary'))) };
  const error: unknown = await createKeyInToken(home, request, wrong).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'pkcs11-failed', facts: { value: 'CKR_PIN_INCORRECT' } });
  expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await listKeyCards(home)).toEqual(before);
});

test('a token that is not there, and no PIN at all, are said so', async () => {
  const nowhere = TokenSession.open({ module: MODULE, slot: 'elsewhere' }, credentials);
  await expect(nowhere).rejects.toMatchObject({ code: 'pkcs11-failed' });
  const silent = TokenSession.open({ module: MODULE, slot: 'line' }, {});
  await expect(silent).rejects.toMatchObject({ code: 'no-passphrase' });
});

test('a root whose key is in a token certifies what openssl then verifies', async () => {
  const at = (name: string): string => join(folder.path, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=Token Root', '-days', '30', '-addext', 'keyUsage=keyCertSign'];
  const files = ['-keyout', at('root.key'), '-out', at('root.pem')];
  await run('openssl', ['req', '-x509', ...curve, ...subject, ...files]);
  const where = ['--token', 'line', '--pin', PIN, '--label', 'root', '--id', '01'];
  // Another key stands before it, so that the one of the certificate has to be found.
  await run('openssl', [
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-384',
    '-out',
    at('other.key'),
  ]);
  await run('softhsm2-util', ['--import', at('other.key'), ...where.slice(0, -1), '02']);
  await run('softhsm2-util', ['--import', at('root.key'), ...where]);

  const certificates = await readFile(at('root.pem'));
  const key = { module: MODULE, slot: 'line' };
  const card = await importCa(
    home,
    { name: 'token-root', certificates, key, recipients: [] },
    credentials,
  );
  expect(card).toMatchObject({ hasKey: false, token: expect.stringMatching(/./) as string });

  await using root = await loadRoot(home, 'token-root', credentials);
  const ecdh = createECDH('prime256v1');
  const name = { lotId: parseLotId(vectors.lots[0]?.lotId ?? ''), code: 'A1' };
  const notBefore = isoSeconds(new Date());
  const chain = await certifyIssuingCa(root, ecdh.generateKeys(), { name, notBefore });
  await writeFile(
    at('issuing.pem'),
    formatCertificates(chain.slice(0, 1).map((der) => Buffer.from(der, 'base64'))),
  );
  const { stdout } = await run('openssl', ['verify', '-CAfile', at('root.pem'), at('issuing.pem')]);
  expect(stdout).toContain('OK');
});

test('a token without the key of a certificate is no home of its root', async () => {
  const path = join(folder.path, 'foreign.pem');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=Foreign', '-days', '30', '-addext', 'keyUsage=keyCertSign'];
  await run('openssl', [
    'req',
    '-x509',
    ...curve,
    ...subject,
    '-keyout',
    `${path}.key`,
    '-out',
    path,
  ]);
  const certificates = await readFile(path);
  const key = { module: MODULE, slot: 'line' };
  const root = { name: 'foreign', certificates, key, recipients: [] };
  await expect(importCa(home, root, credentials)).rejects.toMatchObject({
    code: 'certificate-invalid',
  });
});

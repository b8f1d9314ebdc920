import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Home } from '../../src/home/home.ts';
import { checkBackup } from '../../src/job/key-check.ts';
import { createKey } from '../../src/job/key-create.ts';
import { exportKey } from '../../src/job/key-export.ts';
import { importKey } from '../../src/job/key-import.ts';
import { retireKey } from '../../src/job/key-retire.ts';
import { createKeyInToken } from '../../src/job/key-token.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';
import { findKeyCard, listKeyCards } from '../../src/keystore/key-card.ts';
import { openKey } from '../../src/keystore/open-key.ts';
import { parseProvisioningKey } from '../../src/model/ids.ts';
import {
  ALICE,
  BOB,
  identityFileOf,
  passphraseIs,
  temporaryFolder,
} from '../keystore/credentials-of.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/vectors/keyline-v1.json', import.meta.url), 'utf8'),
) as { readonly provisioningSecret: string; readonly provisioningKey: string };
const KP = parseProvisioningKey(vectors.provisioningKey);
const FORALICE = { use: 'factory', recipients: [ALICE.recipient] } as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let alice: Credentials;
let backup: string;
let homes = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  alice = await identityFileOf(folder.path, ALICE.identity);
  backup = join(folder.path, 'backup.txt');
  await writeFile(backup, `${vectors.provisioningSecret}\n`, { mode: 0o600 });
});
afterAll(() => folder[Symbol.asyncDispose]());

function emptyHome(): Home {
  return Home.at(join(folder.path, `home-${homes++}`));
}

function importVector(home: Home, more: { label?: string } = {}) {
  const request = { source: { path: backup }, choices: { ...FORALICE, ...more } };
  return importKey(home, request, () => alice);
}

describe('making a key', () => {
  test('keeps the secret as an age file and what is public as a card', async () => {
    const home = emptyHome();
    const card = await createKey(home, { ...FORALICE, label: 'widgets' }, undefined);
    expect(await findKeyCard(home, 'widgets')).toEqual(card);
    expect((await stat(home.keyFile(card.provisioningKey))).mode & 0o777).toBe(0o600);
    expect(await readFile(home.keyFile(card.provisioningKey), 'latin1')).toMatch(/^age-encryption/);
    await using key = await openKey(home, undefined, alice);
    expect(key.card).toEqual(card);
  });

  test('protects it for the identity at hand where no recipient is named', async () => {
    const card = await createKey(emptyHome(), { use: 'field', recipients: [] }, alice);
    expect(card.home).toMatchObject({ protection: 'recipients', recipients: [ALICE.recipient] });
    expect(card.use).toBe('field');
  });

  test('by passphrase opens with this passphrase again', async () => {
    const home = emptyHome();
    const credentials = passphraseIs('correct horse');
    const card = await createKey(home, { use: 'factory', recipients: [] }, credentials);
    expect(card.home).toEqual({ type: 'file', protection: 'passphrase' });
    await using key = await openKey(home, card.provisioningKey, credentials);
    expect(key.card).toEqual(card);
  });

  test('with nothing to protect it leaves no trace', async () => {
    const home = emptyHome();
    const made = createKey(home, { use: 'factory', recipients: [] }, undefined);
    await expect(made).rejects.toMatchObject({ code: 'no-passphrase' });
    await expect(stat(home.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each(['', ' padded ', 'two\nlines', 'kp_looks-like-one', 'x'.repeat(65)])(
    'refuses the label %j',
    async (label) => {
      const made = createKey(emptyHome(), { ...FORALICE, label }, undefined);
      await expect(made).rejects.toMatchObject({ code: 'usage' });
    },
  );

  test('refuses a label that another key has', async () => {
    const home = emptyHome();
    await createKey(home, { ...FORALICE, label: 'a' }, undefined);
    const second = createKey(home, { ...FORALICE, label: 'a' }, undefined);
    await expect(second).rejects.toMatchObject({ code: 'already-exists' });
  });
});

describe('importing a key', () => {
  test('gives the key of the vectors', async () => {
    const home = emptyHome();
    expect((await importVector(home)).provisioningKey).toBe(KP);
    await expect(importVector(home)).rejects.toMatchObject({ code: 'already-exists' });
  });

  test('refuses a secret that is not the key it is said to be, and keeps nothing', async () => {
    const home = emptyHome();
    const expect_ = parseProvisioningKey(`kp_${'0'.repeat(26)}`);
    const request = { source: { path: backup }, expect: expect_, choices: FORALICE };
    const refused = importKey(home, request, () => alice);
    await expect(refused).rejects.toMatchObject({
      code: 'key-mismatch',
      facts: { expected: expect_, found: KP },
    });
    expect(await listKeyCards(home)).toEqual([]);
  });

  test('of a file that holds no secret quotes nothing of it', async () => {
    const path = join(folder.path, 'nothing.txt');
    await writeFile(path, 'canary');
    const refused = importKey(emptyHome(), { source: { path }, choices: FORALICE }, () => alice);
    const error: unknown = await refused.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-provisioning-secret' });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  });
});

describe('exporting a key', () => {
  const to = (name: string, recipients: readonly string[] = []) => ({
    output: join(folder.path, name),
    force: false,
    recipients,
  });

  test('writes the very secret, readable by its owner alone', async () => {
    const home = emptyHome();
    const card = await importVector(home);
    await exportKey(home, card, { to: to('export.txt'), credentials: alice });
    const path = join(folder.path, 'export.txt');
    expect(await readFile(path, 'utf8')).toBe(`${vectors.provisioningSecret}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const again = exportKey(home, card, { to: to('export.txt'), credentials: alice });
    await expect(again).rejects.toMatchObject({ code: 'output-exists' });
  });

  test('for a recipient makes a backup that gives the key to him alone', async () => {
    const home = emptyHome();
    const card = await importVector(home);
    await exportKey(home, card, { to: to('bob.age', [BOB.recipient]), credentials: alice });
    const source = { path: join(folder.path, 'bob.age') };
    const bob = await identityFileOf(folder.path, BOB.identity);
    expect(await checkBackup(home, { source }, () => bob)).toEqual({
      provisioningKey: KP,
      isPlaintext: false,
    });
    await expect(checkBackup(home, { source }, () => alice)).rejects.toMatchObject({
      code: 'wrong-passphrase',
    });
  });

  test('that fails leaves no file', async () => {
    const home = emptyHome();
    const card = await importVector(home);
    const bob = await identityFileOf(folder.path, BOB.identity);
    const failed = exportKey(home, card, { to: to('none.txt'), credentials: bob });
    await expect(failed).rejects.toMatchObject({ code: 'wrong-passphrase' });
    await expect(stat(join(folder.path, 'none.txt'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('never replaces a file of the home, nor one that opens keys', async () => {
    const home = emptyHome();
    const card = await importVector(home);
    const identity = join(folder.path, 'identity-to-keep');
    await writeFile(identity, 'AGE-…');
    for (const output of [home.keyFile(KP), home.keyCard(KP), identity]) {
      const options = {
        to: { output, force: true, recipients: [] },
        credentials: { ...alice, files: [identity] },
      };
      await expect(exportKey(home, card, options), output).rejects.toMatchObject({
        code: 'output-is-input',
      });
    }
  });
});

describe('checking a backup', () => {
  test('needs no home where the key is named', async () => {
    const request = { source: { path: backup }, reference: KP };
    expect(await checkBackup(emptyHome(), request, () => alice)).toMatchObject({
      provisioningKey: KP,
      isPlaintext: true,
    });
  });

  test('names the key that it gives where it gives another', async () => {
    const home = emptyHome();
    await createKey(home, { ...FORALICE, label: 'mine' }, undefined);
    const request = { source: { path: backup }, reference: 'mine' };
    await expect(checkBackup(home, request, () => alice)).rejects.toMatchObject({
      code: 'key-mismatch',
      facts: { found: KP },
    });
  });
});

describe('opening a key', () => {
  test('refuses a key file that others may read', async () => {
    const home = emptyHome();
    await importVector(home);
    await chmod(home.keyFile(KP), 0o644);
    await expect(openKey(home, KP, alice)).rejects.toMatchObject({ code: 'home-unsafe' });
  });

  test('refuses a file that holds another key than its card says', async () => {
    const home = emptyHome();
    await importVector(home);
    const other = await createKey(home, { ...FORALICE, label: 'other' }, undefined);
    const swapped = await readFile(home.keyFile(other.provisioningKey));
    await writeFile(home.keyFile(KP), swapped);
    await expect(openKey(home, KP, alice)).rejects.toMatchObject({ code: 'key-mismatch' });
  });

  test.each(['sealKey', 'manufacturerKey'])('refuses a card with another %s', async (field) => {
    const home = emptyHome();
    const card = await importVector(home);
    await writeFile(home.keyCard(KP), JSON.stringify({ ...card, [field]: 'AAAA' }));
    await expect(openKey(home, KP, alice)).rejects.toMatchObject({ code: 'key-mismatch' });
  });

  test('tells a key file that is missing or damaged', async () => {
    const home = emptyHome();
    await importVector(home);
    await writeFile(home.keyFile(KP), 'age-encryption.org/v1\nnonsense');
    await expect(openKey(home, KP, alice)).rejects.toMatchObject({ code: 'key-damaged' });
    await rm(home.keyFile(KP));
    await expect(openKey(home, KP, alice)).rejects.toMatchObject({ code: 'key-damaged' });
  });

  test.each(['', '{}', '[', '{"provisioningKey":"x"}'])(
    'tells a card that is damaged: %j',
    async (content) => {
      const home = emptyHome();
      await importVector(home);
      await writeFile(home.keyCard(KP), content);
      await expect(openKey(home, KP, alice)).rejects.toMatchObject({ code: 'key-damaged' });
    },
  );
});

describe('finding a key', () => {
  test('takes the only one, or the only one that is not retired', async () => {
    const home = emptyHome();
    await expect(findKeyCard(home)).rejects.toMatchObject({ code: 'not-found' });
    const first = await createKey(home, FORALICE, undefined);
    expect(await findKeyCard(home)).toEqual(first);
    await importVector(home);
    await expect(findKeyCard(home)).rejects.toMatchObject({ code: 'ambiguous' });
    await retireKey(home, KP);
    expect(await findKeyCard(home)).toEqual(first);
    await expect(findKeyCard(home, 'unknown')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a retired key keeps the day of its retirement', async () => {
    const home = emptyHome();
    await importVector(home);
    const at = (iso: string) => ({ now: () => new Date(iso) });
    await retireKey(home, KP, at('2026-03-01T08:00:00Z'));
    const again = await retireKey(home, KP, at('2027-03-01T08:00:00Z'));
    expect(again.retiredAt).toBe('2026-03-01T08:00:00Z');
    await using key = await openKey(home, KP, alice);
    expect(key.card.retiredAt).toBe('2026-03-01T08:00:00Z');
  });
});

describe('a key in a token', () => {
  const token = { module: '/nonexistent/module.so', slot: 0 };

  test('is not made without a backup or a word that there is none', async () => {
    const request = { token, choices: { use: 'factory', recipients: [] } } as const;
    await expect(createKeyInToken(emptyHome(), request, alice)).rejects.toMatchObject({
      code: 'usage',
    });
  });

  test('leaves no backup behind where there is no token', async () => {
    const path = join(folder.path, 'token.age');
    const request = { token, backup: { path, force: false }, choices: FORALICE };
    await expect(createKeyInToken(emptyHome(), request, alice)).rejects.toMatchObject({
      code: 'pkcs11-unavailable',
    });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

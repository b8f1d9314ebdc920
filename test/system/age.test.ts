import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Home } from '../../src/home/home.ts';
import { createKey } from '../../src/job/key-create.ts';
import { exportKey } from '../../src/job/key-export.ts';
import { importKey } from '../../src/job/key-import.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';
import { openKey } from '../../src/keystore/open-key.ts';
import { passphraseIs, temporaryFolder } from '../keystore/credentials-of.ts';

const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let identity: Credentials & { readonly identityFile: string };
let recipient: string;
let homes = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  const identityFile = join(folder.path, 'identity.txt');
  await run('age-keygen', ['-o', identityFile]);
  recipient = (await run('age-keygen', ['-y', identityFile])).stdout.trim();
  identity = { identityFile };
});
afterAll(() => folder[Symbol.asyncDispose]());

function emptyHome(): Home {
  return Home.at(join(folder.path, `home-${homes++}`));
}

/** Runs age at a terminal of its own and types the passphrase each time it asks. */
function ageAtTerminal(args: readonly string[], passphrase: string): Promise<number> {
  const terminal = spawn('age', [...args], { cwd: folder.path });
  let shown = '';
  terminal.onData((data) => {
    shown += data;
    if (!/passphrase[^\n]*: /i.test(shown)) return;
    shown = '';
    terminal.write(`${passphrase}\r`);
  });
  return new Promise((resolve) => {
    terminal.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
}

/** A readable backup of the only key of a home. */
async function exported(home: Home, credentials: Credentials): Promise<string> {
  await using key = await openKey(home, undefined, credentials);
  const output = join(folder.path, `${key.card.provisioningKey}-${homes++}.txt`);
  const to = { output, force: false, recipients: [] };
  await exportKey(home, key.card, { to, credentials });
  return await readFile(output, 'utf8');
}

test('age opens a key file with one of its recipients’ identities', async () => {
  const home = emptyHome();
  const card = await createKey(home, { use: 'factory', recipients: [recipient] }, undefined);
  const path = home.keyFile(card.provisioningKey);
  const { stdout } = await run('age', ['-d', '-i', identity.identityFile, path]);
  expect(stdout).toBe(await exported(home, identity));
});

test.each([[[]], [['-a']]])(
  'a key that age encrypted (options %j) is imported',
  async (options) => {
    const source = emptyHome();
    const card = await createKey(source, { use: 'factory', recipients: [recipient] }, undefined);
    const plain = join(folder.path, `plain${options.length}.txt`);
    await writeFile(plain, await exported(source, identity));
    const path = `${plain}.age`;
    await run('age', ['-r', recipient, ...options, '-o', path, plain]);
    const request = {
      source: { path },
      expect: card.provisioningKey,
      choices: { use: 'factory', recipients: [] },
    } as const;
    const imported = await importKey(emptyHome(), request, () => identity);
    expect(imported.provisioningKey).toBe(card.provisioningKey);
  },
);

test('age opens a key file with its passphrase', async () => {
  const home = emptyHome();
  const credentials = passphraseIs('correct höřse');
  const card = await createKey(home, { use: 'factory', recipients: [] }, credentials);
  const output = join(folder.path, 'opened.txt');
  const path = home.keyFile(card.provisioningKey);
  expect(await ageAtTerminal(['-d', '-o', output, path], 'correct höřse')).toBe(0);
  expect(await readFile(output, 'utf8')).toBe(await exported(home, credentials));
});

test('a key that age encrypted with a passphrase is imported', async () => {
  const source = emptyHome();
  const card = await createKey(source, { use: 'factory', recipients: [recipient] }, undefined);
  const plain = join(folder.path, 'by-passphrase.txt');
  await writeFile(plain, await exported(source, identity));
  const path = `${plain}.age`;
  expect(await ageAtTerminal(['-p', '-o', path, plain], 'correct höřse')).toBe(0);
  expect((await stat(path)).size).toBeGreaterThan(0);
  const request = {
    source: { path },
    expect: card.provisioningKey,
    choices: { use: 'factory', recipients: [recipient] },
  } as const;
  const imported = await importKey(emptyHome(), request, () => passphraseIs('correct höřse'));
  expect(imported.provisioningKey).toBe(card.provisioningKey);
});

test('age opens what is exported for a recipient', async () => {
  const home = emptyHome();
  const card = await createKey(home, { use: 'factory', recipients: [recipient] }, undefined);
  const output = join(folder.path, 'backup.age');
  const to = { output, force: false, recipients: [recipient] };
  await exportKey(home, card, { to, credentials: identity });
  const { stdout } = await run('age', ['-d', '-i', identity.identityFile, output]);
  expect(stdout).toMatch(/^ks_[A-Za-z0-9_-]{43}\n$/);
});

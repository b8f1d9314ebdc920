import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { credentialsFrom } from '../../src/cli/credentials.ts';
import type { Secret } from '../../src/kernel/secret.ts';
import { temporaryFolder } from '../keystore/credentials-of.ts';

const textOf = (secret: Secret | undefined): string | undefined =>
  secret?.use((bytes) => new TextDecoder().decode(bytes));

function answering(...answers: string[]): (question: string) => Promise<string> {
  return () => Promise.resolve(answers.shift() ?? '');
}

test('nothing given and nobody to ask is an error at once', () => {
  expect(() => credentialsFrom({}, {}, { isTerminal: false })).toThrow(
    expect.objectContaining({ code: 'no-passphrase', exitCode: 2 }) as Error,
  );
});

test('an empty variable is as good as none', () => {
  const env = { KEYLINE_IDENTITY_FILE: '', KEYLINE_PASSPHRASE_FILE: '' };
  expect(() => credentialsFrom({}, env, { isTerminal: false })).toThrow();
});

test('a flag replaces the variables, so that a script never mixes two sources', () => {
  const env = { KEYLINE_IDENTITY_FILE: 'env-id', KEYLINE_PASSPHRASE_FILE: 'env-pass' };
  const from = credentialsFrom({ identity: 'flag-id' }, env, { isTerminal: false });
  expect(from.identityFile).toBe('flag-id');
  expect('passphrase' in from).toBe(false);
  expect(credentialsFrom({}, env, { isTerminal: false }).identityFile).toBe('env-id');
});

test('without a terminal only what was given is there', () => {
  const from = credentialsFrom({ identity: 'id' }, {}, { isTerminal: false });
  expect(from).toEqual({ files: ['id'], identityFile: 'id' });
});

test.each([
  ['a line feed', 'pass phrase \n', 'pass phrase '],
  ['a carriage return and line feed', 'pass\r\n', 'pass'],
  ['nothing after it', 'pass', 'pass'],
])('a passphrase file with %s gives its line as it stands', async (_what, content, expected) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pass');
  await writeFile(path, content, { mode: 0o600 });
  const from = credentialsFrom({ 'passphrase-file': path }, {}, { isTerminal: false });
  expect(textOf(await from.passphrase?.('x'))).toBe(expected);
  expect(textOf(await from.newPassphrase?.('x'))).toBe(expected);
});

test.each([
  ['two lines', 'one\ntwo\n', 'usage'],
  ['an empty line', '\n', 'no-passphrase'],
  ['nothing', '', 'no-passphrase'],
])('a passphrase file with %s is refused', async (_what, content, code) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pass');
  await writeFile(path, content, { mode: 0o600 });
  const from = credentialsFrom({ 'passphrase-file': path }, {}, { isTerminal: false });
  await expect(from.passphrase?.('x')).rejects.toMatchObject({ code });
});

test('a passphrase file that others may read is told of', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'pass');
  await writeFile(path, 'secret\n', { mode: 0o644 });
  const warnings: string[] = [];
  const effects = { isTerminal: false, warn: (message: string) => warnings.push(message) };
  await credentialsFrom({ 'passphrase-file': path }, {}, effects).passphrase?.('x');
  expect(warnings).toHaveLength(1);
});

test('a new passphrase is asked for twice, and both must be the same', async () => {
  const same = credentialsFrom({}, {}, { isTerminal: true, ask: answering('horse', 'horse') });
  expect(textOf(await same.newPassphrase?.('New'))).toBe('horse');
  const differing = credentialsFrom({}, {}, { isTerminal: true, ask: answering('horse', 'house') });
  await expect(differing.newPassphrase?.('New')).rejects.toMatchObject({ code: 'usage' });
});

test('an empty answer is no passphrase', async () => {
  const from = credentialsFrom({}, {}, { isTerminal: true, ask: answering('', '') });
  await expect(from.newPassphrase?.('New')).rejects.toMatchObject({ code: 'no-passphrase' });
  await expect(from.passphrase?.('Old')).rejects.toMatchObject({ code: 'no-passphrase' });
});

test('standard input cannot be both the passphrase and the PIN', () => {
  const flags = { 'passphrase-file': '-', 'pin-file': '-' };
  expect(() => credentialsFrom(flags, {}, { isTerminal: false })).toThrow(
    expect.objectContaining({ code: 'usage' }) as Error,
  );
});

test('every file that opens keys is named, so that no output replaces it', () => {
  const flags = { identity: 'id.txt', 'pin-file': '-' };
  const env = { KEYLINE_IDENTITY_FILE: 'other.txt', KEYLINE_PASSPHRASE_FILE: '' };
  const { files } = credentialsFrom(flags, env, { isTerminal: false });
  expect(files).toEqual(['id.txt', 'other.txt']);
});

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { decrypt, decryptFile, encrypt, encryptToFile } from '../../src/keystore/age-file.ts';
import { parseRecipient, parseRecipients } from '../../src/keystore/age-recipient.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';
import { ALICE, BOB, identityFileOf, passphraseIs, temporaryFolder } from './credentials-of.ts';

const CANARY = 'canary-in-the-plaintext';

async function forRecipients(...texts: readonly string[]): Promise<Uint8Array> {
  const recipients = await parseRecipients(texts);
  return encrypt(Secret.take(utf8(CANARY)), { type: 'recipients', recipients });
}

async function forPassphrase(passphrase: string): Promise<Uint8Array> {
  using secret = Secret.take(utf8(passphrase));
  const protection = { type: 'passphrase', passphrase: secret, workFactor: 10 } as const;
  return await encrypt(Secret.take(utf8(CANARY)), protection);
}

function open(bytes: Uint8Array, credentials: Credentials): Promise<Secret> {
  return decrypt({ name: 'key.age', content: Secret.copyOf(bytes) }, credentials);
}

const textOf = (secret: Secret): string => secret.use((bytes) => new TextDecoder().decode(bytes));

describe('an age file for recipients', () => {
  test('opens with the identity of each of them', async () => {
    await using folder = await temporaryFolder();
    const bytes = await forRecipients(ALICE.recipient, BOB.recipient);
    for (const { identity } of [ALICE, BOB]) {
      const opened = await open(bytes, await identityFileOf(folder.path, identity));
      expect(textOf(opened)).toBe(CANARY);
    }
  });

  test('does not open with another identity, which is no damage', async () => {
    await using folder = await temporaryFolder();
    const bytes = await forRecipients(ALICE.recipient);
    const credentials = await identityFileOf(folder.path, BOB.identity);
    await expect(open(bytes, credentials)).rejects.toMatchObject({ code: 'wrong-passphrase' });
  });

  test('asks for an identity where only a passphrase is at hand', async () => {
    const bytes = await forRecipients(ALICE.recipient);
    await expect(open(bytes, passphraseIs('x'))).rejects.toMatchObject({ code: 'no-passphrase' });
  });

  test('opens with an identity file that has a passphrase itself', async () => {
    await using folder = await temporaryFolder();
    const identityFile = join(folder.path, 'identity.age');
    using passphrase = Secret.take(utf8('horse'));
    await encryptToFile(identityFile, Secret.take(utf8(`${ALICE.identity}\n`)), {
      protection: { type: 'passphrase', passphrase, workFactor: 10 },
    });
    const bytes = await forRecipients(ALICE.recipient);
    const opened = await open(bytes, { ...passphraseIs('horse'), identityFile });
    expect(textOf(opened)).toBe(CANARY);
  });

  test('tells of an identity file that others may read, and uses it', async () => {
    await using folder = await temporaryFolder();
    const { identityFile } = await identityFileOf(folder.path, ALICE.identity);
    await writeFile(join(folder.path, 'wide.txt'), await readFile(identityFile), { mode: 0o644 });
    const warnings: string[] = [];
    const credentials = {
      identityFile: join(folder.path, 'wide.txt'),
      warn: (message: string) => warnings.push(message),
    };
    await open(await forRecipients(ALICE.recipient), credentials);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('wide.txt');
  });

  test.each([
    ['a line that is no identity', `${ALICE.identity}\nsomething else\n`],
    [
      'a typing error',
      ALICE.identity.replace(
        /(.{30})./,
        (_, head: string) => `${head}${ALICE.identity[30] === 'Q' ? 'P' : 'Q'}`,
      ),
    ],
    ['nothing', '# only a comment\n'],
  ])('refuses an identity file with %s without quoting it', async (_what, content) => {
    await using folder = await temporaryFolder();
    const identityFile = join(folder.path, 'identity.txt');
    await writeFile(identityFile, content, { mode: 0o600 });
    const bytes = await forRecipients(ALICE.recipient);
    const error: unknown = await open(bytes, { identityFile }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-identity' });
    expect(JSON.stringify([error, String(error)])).not.toContain(ALICE.identity.slice(16, 40));
    expect(String(error)).not.toContain('something else');
  });
});

describe('an age file with a passphrase', () => {
  test('opens with this passphrase, byte for byte, and no other', async () => {
    const passphrase = 'correct höřse ';
    const bytes = await forPassphrase(passphrase);
    expect(textOf(await open(bytes, passphraseIs(passphrase)))).toBe(CANARY);
    const refused = open(bytes, passphraseIs(passphrase.trim()));
    await expect(refused).rejects.toMatchObject({ code: 'wrong-passphrase' });
  });

  test('asks for a passphrase where only an identity is at hand', async () => {
    const bytes = await forPassphrase('x');
    const refused = open(bytes, { identityFile: '/nonexistent' });
    await expect(refused).rejects.toMatchObject({ code: 'no-passphrase' });
  });

  test('is refused where it asks for more memory than age itself would take', async () => {
    const bytes = await forPassphrase('x');
    const header = Buffer.from(bytes)
      .toString('latin1')
      .replace(/^(-> scrypt \S+) 10$/m, '$1 24');
    const refused = open(Buffer.from(header, 'latin1'), passphraseIs('x'));
    await expect(refused).rejects.toMatchObject({ code: 'key-damaged' });
  });
});

test('a file that was altered anywhere, or cut short, never opens', async () => {
  await using folder = await temporaryFolder();
  const bytes = await forRecipients(ALICE.recipient);
  const credentials = await identityFileOf(folder.path, ALICE.identity);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const altered = Uint8Array.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ by;
      const error: unknown = await open(altered, credentials).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(key-damaged|wrong-passphrase|no-passphrase)$/) as string,
      });
      const cut = open(bytes.subarray(0, at), credentials);
      await expect(cut).rejects.toMatchObject({ name: 'KeylineError' });
    }),
    { numRuns: 40 },
  );
});

test('an error about an age file holds neither the passphrase nor the plaintext', async () => {
  const bytes = await forPassphrase('passphrase-canary');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  const error = (await open(bytes, passphraseIs('passphrase-canary')).catch(
    (thrown: unknown) => thrown,
  )) as Error;
  expect(error).toMatchObject({ code: 'key-damaged' });
  const shown = `${JSON.stringify(error)}${String(error)}${error.stack ?? ''}`;
  expect(shown).not.toContain('canary');
  expect(error.cause).toBeUndefined();
});

test('an age file is written 0600, and not over another without force', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'backup.age');
  const recipients = [await parseRecipient(ALICE.recipient)];
  const options = { protection: { type: 'recipients', recipients } } as const;
  await encryptToFile(path, Secret.take(utf8('one')), options);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(encryptToFile(path, Secret.take(utf8('two')), options)).rejects.toMatchObject({
    code: 'output-exists',
  });
  const opened = await decryptFile(path, await identityFileOf(folder.path, ALICE.identity));
  expect(textOf(opened)).toBe('one');
});

test.each([
  ['an identity', ALICE.identity],
  ['a typing error', ALICE.recipient.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'))],
  ['a plugin recipient', 'age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt'],
  ['another case', ALICE.recipient.toUpperCase()],
  ['nothing', ''],
])('%s is no recipient', async (_what, text) => {
  const error: unknown = await parseRecipient(text).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid-recipient' });
  expect(String(error)).not.toContain('SECRET');
});

test('a recipient that is named twice is taken once', async () => {
  expect(await parseRecipients([ALICE.recipient, ` ${ALICE.recipient}\n`])).toHaveLength(1);
});

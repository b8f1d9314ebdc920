import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFast } from '../../src/keystore/age-fast-open.ts';
import { ALICE, BOB } from './credentials-of.ts';

async function encryptFor(plain: Uint8Array, ...recipients: string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter.encrypt(plain);
}

const bytesOf = (binary: Uint8Array, ...identities: string[]): Uint8Array | undefined =>
  openFast(binary, identities)?.use((bytes) => Uint8Array.from(bytes));

test('what the age library wrote for any identity opens with it', async () => {
  for (let round = 0; round < 10; round++) {
    const identity = await generateX25519Identity();
    const plain = Uint8Array.of(round, 1, 2);
    const binary = await encryptFor(plain, BOB.recipient, await identityToRecipient(identity));
    expect(bytesOf(binary, ALICE.identity, identity)).toEqual(plain);
  }
});

test.each([0, 1, 65535, 65536])('a file of %i bytes opens', async (size) => {
  const plain = new Uint8Array(size).fill(7);
  expect(bytesOf(await encryptFor(plain, ALICE.recipient), ALICE.identity)).toEqual(plain);
});

test('a file of two chunks, with a passphrase or for others is left to the library', async () => {
  const long = await encryptFor(new Uint8Array(65537), ALICE.recipient);
  expect(openFast(long, [ALICE.identity])).toBeUndefined();
  const encrypter = new Encrypter();
  encrypter.setPassphrase('x');
  encrypter.setScryptWorkFactor(4);
  expect(openFast(await encrypter.encrypt('x'), [ALICE.identity])).toBeUndefined();
  const foreign = await encryptFor(new Uint8Array(3), BOB.recipient);
  expect(openFast(foreign, [ALICE.identity])).toBeUndefined();
});

test('no altered file opens, so that the library alone judges it', async () => {
  const binary = await encryptFor(new Uint8Array(40), ALICE.recipient, BOB.recipient);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(binary.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, by) => {
        const altered = Uint8Array.from(binary);
        altered[at] = (altered[at] ?? 0) ^ by;
        expect(openFast(altered, [ALICE.identity])).toBeUndefined();
        const decrypter = new Decrypter();
        decrypter.addIdentity(ALICE.identity);
        await expect(decrypter.decrypt(altered)).rejects.toThrow();
      },
    ),
    { numRuns: 150 },
  );
});

test('a share of low order is left to the library', async () => {
  const binary = await encryptFor(new Uint8Array(3), ALICE.recipient);
  const text = Buffer.from(binary).toString('latin1');
  const zero = Buffer.alloc(32).toString('base64').replace('=', '');
  const altered = text.replace(/X25519 \S+/, `X25519 ${zero}`);
  expect(openFast(Buffer.from(altered, 'latin1'), [ALICE.identity])).toBeUndefined();
});

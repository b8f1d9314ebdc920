import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/kernel/secret.ts';
import { openAge } from '../../src/manifest/age-source.ts';

const CHUNK = 65_536;
let identity: string;
let encrypter: Encrypter;

beforeAll(async () => {
  identity = await generateIdentity();
  encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(await generateIdentity()));
  encrypter.addRecipient(await identityToRecipient(identity));
});

async function unwrap(header: Uint8Array): Promise<Secret> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return Secret.take(await decrypter.decryptHeader(header));
}

async function* cut(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function open(file: Uint8Array, size = 10_000): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of openAge(cut(file, size), unwrap)) blocks.push(Uint8Array.from(block));
  return Buffer.concat(blocks);
}

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 9)) & 0xff);

describe('an age file that age-encryption wrote', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 200_000])(
    'of %i bytes is read in blocks of any size',
    async (length) => {
      const file = await encrypter.encrypt(pattern(length));
      for (const size of [97, CHUNK + 16, file.length]) {
        expect((await open(file, size)).equals(pattern(length))).toBe(true);
      }
    },
  );

  test('is unreadable after any change of its payload, and when cut short anywhere', async () => {
    const file = await encrypter.encrypt(pattern(2 * CHUNK + 5));
    const payload = Buffer.from(file).indexOf('\n', Buffer.from(file).indexOf('\n--- ') + 1) + 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: payload, max: file.length - 1 }), async (at) => {
        const altered = Uint8Array.from(file);
        altered[at] = (altered[at] ?? 0) ^ 1;
        await expect(open(altered)).rejects.toMatchObject({ code: 'manifest-unreadable' });
        const short = file.subarray(0, at);
        await expect(open(short)).rejects.toMatchObject({ code: 'manifest-unreadable' });
      }),
      { numRuns: 25, examples: [[payload], [payload + 16 + CHUNK + 16], [file.length - 1]] },
    );
  });

  test('is unreadable with its chunks in another order, or one of them twice', async () => {
    const file = await encrypter.encrypt(pattern(3 * CHUNK));
    const sealed = CHUNK + 16;
    const start = file.subarray(0, file.length - 3 * sealed);
    const chunk = (at: number): Uint8Array =>
      file.subarray(start.length + at * sealed, start.length + (at + 1) * sealed);
    for (const order of [
      [1, 0, 2],
      [0, 0, 2],
      [0, 2],
      [0, 1, 2, 2],
    ]) {
      const altered = Buffer.concat([start, ...order.map(chunk)]);
      await expect(open(altered)).rejects.toMatchObject({ code: 'manifest-unreadable' });
    }
  });
});

import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ageSink } from '../../src/manifest/age-sink.ts';
import { CollectingSink } from './collecting-sink.ts';

const CHUNK = 65_536;

function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
}

async function encrypt(plain: Uint8Array, recipients: string[], pieces: number[]): Promise<Buffer> {
  const below = new CollectingSink();
  const sink = await ageSink(below, recipients);
  let at = 0;
  for (let turn = 0; at < plain.length; turn++) {
    const size = pieces[turn % pieces.length] ?? plain.length;
    const lent = Uint8Array.from(plain.subarray(at, at + size));
    await sink.write(lent);
    lent.fill(0);
    at += size;
  }
  await sink.end();
  return below.bytes;
}

describe('an age file written by node:crypto', () => {
  const lengths = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17];

  test.each(lengths)('of %i bytes opens in age-encryption for each recipient', async (length) => {
    const identities = [await generateIdentity(), await generateIdentity()];
    const recipients = await Promise.all(
      identities.map((identity) => identityToRecipient(identity)),
    );
    const file = await encrypt(pattern(length), recipients, [50_000]);
    for (const identity of identities) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      expect(Buffer.from(await decrypter.decrypt(file)).equals(pattern(length))).toBe(true);
    }
  });

  test('opens whatever the sizes of the pieces it was written in', async () => {
    const identity = await generateIdentity();
    const recipients = [await identityToRecipient(identity)];
    const piece = fc.oneof(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(CHUNK, 2 * CHUNK));
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 3 * CHUNK }),
        async (pieces, length) => {
          // Small pieces of a long file would only take long.
          const sizes = pieces.map((size) => Math.max(size, Math.ceil(length / 50), 1));
          const file = await encrypt(pattern(length), recipients, sizes);
          const decrypter = new Decrypter();
          decrypter.addIdentity(identity);
          expect(Buffer.from(await decrypter.decrypt(file)).equals(pattern(length))).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('opens in age itself where that is installed', async () => {
    const hasAge = isInstalled('age');
    const identity = await generateIdentity();
    const folder = mkdtempSync(join(tmpdir(), 'keyline-age-'));
    try {
      writeFileSync(join(folder, 'id'), `${identity}\n`, { mode: 0o600 });
      for (const length of hasAge ? [0, CHUNK, 2 * CHUNK, 100_001] : []) {
        const file = await encrypt(pattern(length), [await identityToRecipient(identity)], [8191]);
        const plain = execFileSync('age', ['-d', '-i', join(folder, 'id')], { input: file });
        expect(plain.equals(pattern(length))).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is refused for a recipient that is none', async () => {
    await expect(ageSink(new CollectingSink(), ['age1nonsense'])).rejects.toMatchObject({
      code: 'invalid-recipient',
    });
  });
});

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BATCH_TIME, openBatch } from '../../src/job/make-batch.ts';
import { writeManifest } from '../../src/job/write-manifest.ts';
import { SCHEMES } from '../../src/model/lot.ts';
import type { Scheme } from '../../src/model/lot.ts';
import { verifyManifestSeal } from '../../src/seals/manifest-seal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-batch-'));
  writeFileSync(join(folder, 'seed'), Buffer.alloc(32, 7));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function make(name: string, scheme: Scheme, count: number, seed?: string): Promise<string> {
  await using open = await openBatch({ count, scheme, seedFile: seed });
  const output = join(folder, name);
  const choices = {
    ...{ withSecrets: true, format: 'csv' as const, gzip: false, recipients: [] },
    ...{ plaintext: true, force: true, output },
  };
  await writeManifest(open, choices, { workers: 0, sealedAt: BATCH_TIME });
  return readFileSync(output, 'utf8');
}

describe('a test batch', () => {
  test.each(SCHEMES)(
    'of %s has the same bytes from the same seed, and its seal too',
    async (scheme) => {
      const seed = join(folder, 'seed');
      const first = await make('a.csv', scheme, 4, seed);
      expect(await make('b.csv', scheme, 4, seed)).toBe(first);
      const [a, b] = ['a.csv.seal', 'b.csv.seal'].map((name) =>
        readFileSync(join(folder, name), 'utf8'),
      );
      expect(a).toBe(b);
      const { lot, seal } = await verifyManifestSeal((a ?? '').trim());
      expect(lot.test).toBe(true);
      expect(seal.test).toBe(true);
      expect(lot.scheme).toBe(scheme);
    },
  );

  test('begins with the same units however many there are', async () => {
    const seed = join(folder, 'seed');
    const few = await make('a.csv', 'psk', 3, seed);
    expect((await make('b.csv', 'psk', 9, seed)).startsWith(few)).toBe(true);
  });

  test('is another one each time without a seed', async () => {
    expect(await make('a.csv', 'psk', 1)).not.toBe(await make('b.csv', 'psk', 1));
  });

  test('refuses a seed that could be guessed, and a count of none', async () => {
    writeFileSync(join(folder, 'short'), 'secret');
    const seedFile = join(folder, 'short');
    const scheme = 'psk';
    await expect(openBatch({ count: 1, scheme, seedFile })).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(openBatch({ count: 0, scheme })).rejects.toMatchObject({ code: 'usage' });
    const missing = join(folder, 'none');
    await expect(openBatch({ count: 1, scheme, seedFile: missing })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

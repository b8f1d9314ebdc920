import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/kernel/secret.ts';
import { openBatch } from '../../src/job/make-batch.ts';
import type { ManifestChoices } from '../../src/job/manifest-plan.ts';
import type { OpenLot } from '../../src/job/open-lot.ts';
import { writeManifest } from '../../src/job/write-manifest.ts';
import type { WriteEffects, WrittenManifest } from '../../src/job/write-manifest.ts';
import { readManifest } from '../../src/manifest/input.ts';
import { verifyManifestSeal } from '../../src/seals/manifest-seal.ts';

let folder: string;
let open: OpenLot;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-write-'));
  open = await openBatch({ count: 300, scheme: 'psk' });
});
afterEach(async () => {
  await open[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

function write(
  choices: Partial<ManifestChoices> = {},
  effects: WriteEffects = {},
): Promise<WrittenManifest> {
  const base: ManifestChoices = {
    ...{
      withSecrets: false,
      format: 'csv' as const,
      gzip: false,
      recipients: [],
      plaintext: false,
    },
    ...{ force: false, output: at('m.csv') },
  };
  return writeManifest(open, { ...base, ...choices }, { workers: 0, ...effects });
}

const code = (expected: string): object => ({ code: expected });

describe('a manifest', () => {
  test('is public unless secrets are asked for, and has its seal beside it', async () => {
    const written = await write();
    expect(readdirSync(folder).sort()).toEqual(['m.csv', 'm.csv.seal']);
    const [header, ...rows] = readFileSync(at('m.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toBe('index,serial,endpoint_key,claim_digest');
    expect(rows).toHaveLength(300);
    expect(written).toMatchObject({ rows: 300, sizeBytes: statSync(at('m.csv')).size });
    const { seal } = await verifyManifestSeal(readFileSync(at('m.csv.seal'), 'utf8').trim());
    const digest = createHash('sha256')
      .update(readFileSync(at('m.csv')))
      .digest('hex');
    expect(seal).toMatchObject({ count: 300, chunks: [digest], test: true, kind: 'planned' });
  });

  test('of a range is that part of the whole', async () => {
    await write();
    await write({ output: at('part.csv'), range: { from: 100, count: 50 } });
    const [header, ...all] = readFileSync(at('m.csv'), 'utf8').trimEnd().split('\n');
    const part = readFileSync(at('part.csv'), 'utf8').trimEnd().split('\n');
    expect(part).toEqual([header, ...all.slice(100, 150)]);
  });

  test('has the same rows and the same digests through gzip, age, both and a stream', async () => {
    const identity = await generateIdentity();
    const recipients = [await identityToRecipient(identity)];
    const columns = ['serial', 'endpoint_secret:hex'];
    const secrets = { withSecrets: true, columns };
    await write({ ...secrets, plaintext: true });
    await write({ ...secrets, recipients, output: at('m.age') });
    await write({ ...secrets, recipients, gzip: true, output: at('m.gz.age') });
    await write({ ...secrets, plaintext: true, gzip: true, output: at('m.gz') });
    const plain = readFileSync(at('m.csv'));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(Buffer.from(await decrypter.decrypt(readFileSync(at('m.age')))).equals(plain)).toBe(
      true,
    );
    const inner = await decrypter.decrypt(readFileSync(at('m.gz.age')));
    expect(gunzipSync(inner).equals(plain)).toBe(true);
    expect(gunzipSync(readFileSync(at('m.gz'))).equals(plain)).toBe(true);
    const chunks = ['m.csv', 'm.age', 'm.gz.age', 'm.gz'].map(async (name) => {
      const jws = readFileSync(at(`${name}.seal`), 'utf8').trim();
      return (await verifyManifestSeal(jws)).seal.chunks;
    });
    expect(new Set((await Promise.all(chunks)).map(String)).size).toBe(1);
  });

  test('read back through gzip and age is what was written', async () => {
    const identity = await generateIdentity();
    const recipients = [await identityToRecipient(identity)];
    await write({ recipients, gzip: true, output: at('m.gz.age') });
    await write();
    const unwrap = async (header: Uint8Array): Promise<Secret> => {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      return Secret.take(await decrypter.decryptHeader(header));
    };
    const { bytes, layers } = readManifest(at('m.gz.age'), { unwrap });
    const read: Uint8Array[] = [];
    for await (const block of bytes) read.push(Uint8Array.from(block));
    expect(Buffer.concat(read).equals(readFileSync(at('m.csv')))).toBe(true);
    expect(layers).toEqual({ encrypted: true, gzip: true });
    const cut = readFileSync(at('m.gz.age')).subarray(0, -1);
    writeFileSync(at('cut.age'), cut);
    const rest = readManifest(at('cut.age'), { unwrap }).bytes;
    const readAll = async (): Promise<void> => {
      for await (const block of rest) expect(block.length).toBeGreaterThan(0);
    };
    await expect(readAll()).rejects.toMatchObject(code('manifest-unreadable'));
  });

  test('in NDJSON is one object a row, in camelCase', async () => {
    await write({ format: 'ndjson', output: at('m.ndjson') });
    const [first = ''] = readFileSync(at('m.ndjson'), 'utf8').split('\n');
    expect(Object.keys(JSON.parse(first) as object)).toEqual([
      ...['index', 'serial', 'endpointKey', 'claimDigest'],
    ]);
  });
});

describe('secrets', () => {
  test('leave only with both permissions, and then 0600', async () => {
    const columns = ['endpoint_secret'];
    await expect(write({ columns })).rejects.toMatchObject(code('secret-columns'));
    await expect(write({ withSecrets: true })).rejects.toMatchObject(code('secret-output-choice'));
    expect(readdirSync(folder)).toEqual([]);
    await write({ withSecrets: true, plaintext: true });
    expect(statSync(at('m.csv')).mode & 0o777).toBe(0o600);
    expect(statSync(at('m.csv.seal')).mode & 0o777).toBe(0o644);
  });

  test('are entered in the book before the first byte, and nothing leaves when that fails', async () => {
    const entered: unknown[] = [];
    const allocate = (range: unknown, name: string): Promise<void> => {
      entered.push(range, name, existsSync(at('m.csv')));
      return Promise.resolve();
    };
    await write({}, { allocate });
    expect(entered).toEqual([]);
    rmSync(at('m.csv'));
    rmSync(at('m.csv.seal'));
    await write({ withSecrets: true, plaintext: true }, { allocate });
    expect(entered).toEqual([{ from: 0, count: 300 }, at('m.csv'), false]);
    const refuse = (): Promise<never> => Promise.reject(new Error('taken'));
    const again = { withSecrets: true, plaintext: true, output: at('n.csv') };
    await expect(write(again, { allocate: refuse })).rejects.toThrow('taken');
    expect(existsSync(at('n.csv'))).toBe(false);
  });

  test('for a recipient that is none are refused before anything is opened', async () => {
    const choices = { withSecrets: true, recipients: ['age1nobody'] };
    await expect(write(choices)).rejects.toMatchObject(code('invalid-recipient'));
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a manifest that cannot be written', () => {
  test.each([
    ['range-outside-lot', { range: { from: 299, count: 2 } }],
    ['invalid-columns', { columns: ['serial', 'serial'] }],
    ['invalid-columns', { columns: ['public_key'] }],
    ['invalid-columns', { columns: ['model'] }],
    ['usage', { seal: '-' }],
  ])('throws %s and leaves nothing', async (expected, choices) => {
    await expect(write(choices)).rejects.toMatchObject(code(expected));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('for a full disk leaves neither file nor seal', async () => {
    await expect(write({ output: '/dev/full' })).rejects.toMatchObject(code('disk-full'));
    const seal = { seal: '/dev/full' };
    await expect(write(seal)).rejects.toMatchObject(code('disk-full'));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('because one of the two exists leaves both as they are', async () => {
    writeFileSync(at('m.csv.seal'), 'old');
    await expect(write()).rejects.toMatchObject(code('output-exists'));
    expect(readdirSync(folder)).toEqual(['m.csv.seal']);
    await write({ force: true });
    expect(readdirSync(folder).sort()).toEqual(['m.csv', 'm.csv.seal']);
  });

  test('over its own seal is refused', async () => {
    await expect(write({ seal: at('m.csv') })).rejects.toMatchObject(code('output-is-input'));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('because it was interrupted leaves nothing', async () => {
    const abort = new AbortController();
    const onProgress = (): void => {
      abort.abort();
    };
    const interrupted = write({ gzip: true }, { signal: abort.signal, onProgress });
    await expect(interrupted).rejects.toMatchObject(code('interrupted'));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('because it appears while it is written leaves what appeared and no seal', async () => {
    const onProgress = (): void => {
      writeFileSync(at('m.csv'), 'other', { flag: 'w' });
    };
    const late = write({ gzip: true }, { onProgress });
    await expect(late).rejects.toMatchObject(code('output-exists'));
    expect(readdirSync(folder)).toEqual(['m.csv']);
    expect(readFileSync(at('m.csv'), 'utf8')).toBe('other');
  });
});
